import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { AskPod } from '../../../operator/api/ask-pod.ts';
import type { KubeObject, Pod } from '../../../operator/api/kube-object.ts';
import { CLUSTER_LABEL } from '../../../operator/desired/names.ts';
import { ApiError } from '../../../operator/kube/api-error.ts';
import { RESOURCES } from '../../../operator/kube/resources.ts';
import { projectPod } from '../../../operator/watch/pod-projection.ts';
import { projectSlice } from '../../../operator/watch/related-objects.ts';
import type { BackendHealth } from '../../../server/contract/backends.ts';
import type { ApiServer } from './api-server.ts';
import { type FakeClient, FakeGateway } from './fake-gateway.ts';

const EVERY_MS = 100;
const NODE = 'node-1';
const REACHED = { reachable: true, reason: '' };

/** Events of a gateway, in the order they were seen. */
export interface Incident {
  readonly cluster: string;
  readonly gateway: string;
  readonly what: 'NotReady' | 'Ready' | 'Shut' | 'Closing' | 'Terminated';
  /** Gateways that clients could connect to at that moment. */
  readonly offered: readonly string[];
  /** Clients that it held. */
  readonly clients: number;
}

interface Running {
  readonly pod: Pod;
  readonly gateway: FakeGateway | undefined;
  reported: string;
  readonly startedAt: string;
}

/**
 * Stands for the node, its kubelet and a load balancer: runs the pods that Kubernetes' controllers make, without containers.
 * A gateway pod is a {@link FakeGateway}; clients it closes connect to one that the EndpointSlices of the client Service
 * offer. All pods are in the namespace `default`.
 */
export class FakeGateways {
  readonly incidents: Incident[] = [];
  /** Answers of the workers of a ChatCluster, by its name. */
  readonly health = new Map<string, BackendHealth>();
  /** Revisions whose gateways do not become ready, as `cluster/revision` or, for all of a ChatCluster that are not there yet, `cluster`. */
  readonly broken = new Set<string>();
  /** Reasons for which containers do not start, by a part of the pod's name. */
  readonly waiting = new Map<string, { readonly reason: string; readonly message: string }>();
  /** Last termination of a container that was restarted, by a part of the pod's name. */
  readonly stopped = new Map<
    string,
    { readonly reason: string; readonly exitCode: number; readonly message?: string }
  >();
  readonly #api: ApiServer;
  readonly #running = new Map<string, Running>();
  readonly #offered = new Map<string, string[]>();
  readonly #homeless = new Map<string, FakeClient[]>();
  #addresses = 0;
  #placed = 0;

  constructor(api: ApiServer) {
    this.#api = api;
  }

  /** Runs pods until the test ends. */
  async start(t: Pick<TestContext, 'after'>): Promise<void> {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } };
    await this.#api.client.create(RESOURCES.nodes, node);
    const stop = new AbortController();
    const ticks = (async () => {
      while (!stop.signal.aborted) {
        await this.#tick().catch(ignoreTimeout);
        await delay(EVERY_MS);
      }
    })();
    t.after(async () => {
      stop.abort();
      await ticks;
    });
  }

  /** Gateways of a ChatCluster that run, by name. */
  of(cluster: string): FakeGateway[] {
    return [...this.#running.values()]
      .flatMap(({ pod, gateway }) => (gateway && clusterOf(pod) === cluster ? [gateway] : []))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  incidentsOf(cluster: string): Incident[] {
    return this.incidents.filter(incident => incident.cluster === cluster);
  }

  /** Gateways that the load balancer of a ChatCluster has heard of. */
  offeredOf(cluster: string): readonly string[] {
    return this.#offered.get(cluster) ?? [];
  }

  /** Connects clients, evenly over the gateways that are offered now. */
  connect(cluster: string, count: number): FakeClient[] {
    const clients = Array.from({ length: count }, () => ({ moves: 0 }));
    for (const client of clients) this.#place(cluster, client);
    return clients;
  }

  /** Asks a pod without a network. */
  readonly ask: AskPod = async pod => {
    const running = this.#running.get(pod.metadata.uid ?? '');
    if (!running) throw new Error('no such pod');
    if (running.gateway) return running.gateway.answer();
    return this.health.get(clusterOf(pod)) ?? { nats: REACHED, store: REACHED, storeLag: 0 };
  };

  async #tick(): Promise<void> {
    const labelSelector = CLUSTER_LABEL;
    const { client } = this.#api;
    const [slices, pods] = await Promise.all([
      client.list<KubeObject>(RESOURCES.endpointSlices, 'default', { labelSelector }),
      client.list<KubeObject>(RESOURCES.pods, 'default', { labelSelector }),
    ]);
    this.#offered.clear();
    for (const raw of slices.items) {
      const { service, endpoints } = projectSlice(raw);
      const names = endpoints.filter(({ ready }) => ready).map(({ pod }) => pod);
      this.#offered.set(service, [...(this.#offered.get(service) ?? []), ...names]);
    }
    const homeless = [...this.#homeless];
    this.#homeless.clear();
    for (const [cluster, clients] of homeless) {
      for (const each of clients) this.#place(cluster, each);
    }
    const present = pods.items.map(raw => projectPod({ ...raw, apiVersion: 'v1', kind: 'Pod' }));
    await Promise.all(present.map(pod => this.#sync(pod).catch(ignoreChanged)));
    const uids = new Set(present.map(pod => pod.metadata.uid));
    for (const uid of this.#running.keys()) if (!uids.has(uid)) this.#running.delete(uid);
  }

  async #sync(pod: Pod): Promise<void> {
    const { name, namespace = '', uid = '', deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) return await this.#end(pod);
    if (!pod.spec?.nodeName) {
      const resource = { kind: 'Binding', apiVersion: 'v1', plural: `pods/${name}/binding` };
      const target = { apiVersion: 'v1', kind: 'Node', name: NODE };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target };
      await this.#api.client.create(resource, binding);
      return;
    }
    const running = this.#running.get(uid) ?? this.#begin(pod);
    const { gateway } = running;
    const cluster = clusterOf(pod);
    if (gateway) {
      const before = { ready: gateway.ready, shut: gateway.shut, clients: gateway.clients.size };
      gateway.works =
        !this.broken.has(`${cluster}/${gateway.revision}`) && (gateway.works || !this.broken.has(cluster));
      gateway.step(pod);
      if (before.ready !== gateway.ready) this.#note(cluster, gateway, gateway.ready ? 'Ready' : 'NotReady');
      if (gateway.shut && !before.shut) this.#note(cluster, gateway, 'Shut');
      if (before.clients > gateway.clients.size) this.#note(cluster, gateway, 'Closing');
    }
    await this.#report(pod, running);
  }

  #begin(pod: Pod): Running {
    const cluster = clusterOf(pod);
    const isGateway = pod.metadata.labels?.['app.kubernetes.io/component'] === 'gateway';
    const gateway = isGateway ? new FakeGateway(pod, client => this.#place(cluster, client)) : undefined;
    const running = { pod, gateway, reported: '', startedAt: seconds() };
    this.#running.set(pod.metadata.uid ?? '', running);
    return running;
  }

  /** Writes the status when it changes, as a kubelet does. */
  async #report(pod: Pod, { gateway, reported, startedAt }: Running): Promise<void> {
    const { name, namespace, uid = '' } = pod.metadata;
    const ready = gateway?.ready ?? true;
    const waiting = [...this.waiting].find(([part]) => name.includes(part))?.[1];
    const stopped = [...this.stopped].find(([part]) => name.includes(part))?.[1];
    const news = JSON.stringify([ready, waiting, stopped]);
    const running = this.#running.get(uid);
    if (!running || news === reported) return;
    running.reported = news;
    const podIP = pod.status.podIP ?? this.#address();
    const isUp = ready && !waiting;
    const component = gateway ? 'gateway' : 'worker';
    const status = {
      phase: waiting ? 'Pending' : 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      conditions: [
        { type: 'Initialized', status: 'True', lastTransitionTime: startedAt },
        { type: 'Ready', status: isUp ? 'True' : 'False', lastTransitionTime: reported === '' ? startedAt : seconds() },
      ],
      containerStatuses: [
        {
          name: component,
          image: 'example.com/chat:1',
          imageID: '',
          ready: isUp,
          restartCount: stopped ? 1 : 0,
          ...(stopped ? { lastState: { terminated: { ...stopped, startedAt, finishedAt: seconds() } } } : {}),
          state: waiting ? { waiting } : { running: { startedAt } },
        },
      ],
    };
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, uid }, status } as KubeObject;
    try {
      await this.#api.client.apply(object, 'status');
    } catch (error) {
      running.reported = reported;
      throw error;
    }
  }

  async #end(pod: Pod): Promise<void> {
    const { uid = '' } = pod.metadata;
    const running = this.#running.get(uid);
    const cluster = clusterOf(pod);
    this.#running.delete(uid);
    if (running?.gateway) {
      this.#note(cluster, running.gateway, 'Terminated');
      for (const client of running.gateway.clients) {
        client.moves++;
        this.#place(cluster, client);
      }
    }
    await this.#api.terminated(pod);
  }

  /** Chooses the gateway for a client as a load balancer does: in turn over the gateways it knows. */
  #place(cluster: string, client: FakeClient): void {
    const open = this.of(cluster).filter(gateway => this.offeredOf(cluster).includes(gateway.name) && !gateway.refuses);
    const chosen = open[this.#placed++ % open.length];
    if (chosen) chosen.clients.add(client);
    else this.#homeless.set(cluster, [...(this.#homeless.get(cluster) ?? []), client]);
  }

  #note(cluster: string, gateway: FakeGateway, what: Incident['what']): void {
    const offered = this.offeredOf(cluster);
    this.incidents.push({ cluster, gateway: gateway.name, what, offered, clients: gateway.clients.size });
  }

  #address(): string {
    this.#addresses++;
    return `10.244.${this.#addresses >> 8}.${this.#addresses & 255}`;
  }
}

function clusterOf({ metadata }: KubeObject): string {
  return metadata.labels?.[CLUSTER_LABEL] ?? '';
}

/** The pod was removed or written since it was listed: the next tick sees it. */
function ignoreChanged(error: unknown): void {
  if (!(error instanceof ApiError) || ![404, 409].includes(error.code)) throw error;
}

/** The API server of a busy machine did not answer in time: the next tick tries again, as a kubelet does. */
function ignoreTimeout(error: unknown): void {
  if (!(error instanceof DOMException) || error.name !== 'TimeoutError') throw error;
}

/** Kubernetes' times are whole seconds. */
function seconds(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
