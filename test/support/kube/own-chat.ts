import { REVISION_LABEL } from '../../../operator/desired/names.ts';
import { CLIENT_PATHS } from '../../../server/contract/ports.ts';
import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../../../server/contract/traffic.ts';
import type { Access } from '../../../tools/cluster/access.ts';
import type { ChatObject, Condition } from '../../../tools/cluster/chat-service.ts';
import { forwardService } from '../../../tools/cluster/reach.ts';
import type { Teardown } from '../../../tools/support/backends.ts';
import { eventually, IN_NAMESPACE, type KubeChat, NAMESPACE, type Pod } from './kube-chat.ts';

/** A pod of a gateway, in the words of the fleet. */
export interface GatewayPod {
  readonly name: string;
  readonly uid: string;
  readonly revision: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly restarts: number;
  readonly intent: TrafficIntent | undefined;
}

/** A ChatCluster of a test's own. */
export interface OwnChat {
  readonly name: string;
  readonly access: Access;
  /** WebSocket address on the host. */
  readonly url: string;
  object(): Promise<ChatObject>;
  condition(type: string): Promise<Condition | undefined>;
  /** Merges `change` into the object, as `kubectl patch --type=merge` does. */
  patch(change: object): Promise<void>;
  /** Names of the gateways' Deployments. */
  deployments(): Promise<string[]>;
  /** All gateways, also those on their way out. */
  pods(): Promise<GatewayPod[]>;
  /** Waits until the spec is seen and so many gateways of one revision serve, with nothing going on. */
  settled(gateways: number, ms?: number): Promise<GatewayPod[]>;
}

export interface OwnSpec {
  readonly gateway?: {
    readonly replicas?: number;
    readonly autoscaling?: object;
    readonly drain?: object;
    readonly rebalance?: object;
  };
  readonly auth?: object;
  readonly limits?: object;
  readonly rooms?: object;
}

const MIB = 1024 * 1024;

/** Drains of seconds, and streams that fit beside those of the example. */
const SPEC = {
  gateway: {
    replicas: 2,
    autoscaling: { mode: 'Disabled' },
    drain: { delaySeconds: 2, timeoutSeconds: 5, patienceSeconds: 0 },
    resources: { requests: { cpu: '25m', memory: '96Mi' }, limits: { memory: '512Mi' } },
  },
  worker: { resources: { requests: { cpu: '25m', memory: '96Mi' }, limits: { memory: '512Mi' } } },
  nats: { urls: ['nats://nats:4222'] },
  mongodb: { uriSecretRef: { name: 'mongodb' } },
  auth: { secretRef: { name: 'chat-auth' } },
  messages: { partitions: 1, streamMaxBytes: 64 * MIB, liveMaxBytes: 16 * MIB },
  rooms: { kinds: [{ name: 'channel', access: 'Open' }] },
};

/**
 * Makes a ChatCluster on the NATS and MongoDB of the example and waits until it works. It goes with the test.
 * @param spec sections that differ; of `gateway` single fields
 */
export async function ownChat(t: Teardown, kube: KubeChat, name: string, spec: OwnSpec = {}): Promise<OwnChat> {
  const { access } = kube;
  const gateway = { ...SPEC.gateway, ...spec.gateway };
  const remove = async (...how: string[]) => {
    await access.kubectl([
      ...['delete', 'chatcluster', name, IN_NAMESPACE, '--ignore-not-found', '--cascade=foreground', ...how],
    ]);
  };
  await remove('--timeout=90s'); // of a run before
  t.after(() => remove('--wait=false'));
  const manifest = {
    apiVersion: 'chatcluster.dev/v1alpha1',
    kind: 'ChatCluster',
    metadata: { name },
    // Its streams are found again by the next run instead of filling NATS.
    spec: { ...SPEC, identity: name, ...spec, gateway },
  };
  await access.kubectl(['create', IN_NAMESPACE, '-f', '-'], JSON.stringify(manifest));
  const selector = `--selector=app.kubernetes.io/instance=${name},app.kubernetes.io/component=gateway`;
  const object = () => access.get<ChatObject>(['chatcluster', name, IN_NAMESPACE]);
  const pods = async () => {
    const { items } = await access.get<{ items: Pod[] }>(['pods', IN_NAMESPACE, selector]);
    return items.map(gatewayPod);
  };
  const settled = (count: number, ms = 120_000) => {
    let seen: unknown;
    const check = async () => {
      const [chat, there] = await Promise.all([object(), pods()]);
      const { generation } = chat.metadata;
      const { observedGeneration, conditions, gateways } = chat.status ?? {};
      const progressing = conditions?.find(({ type }) => type === 'Progressing');
      seen = { generation, observedGeneration, progressing, gateways, there };
      const calm = there.every(pod => pod.ready && !pod.terminating && pod.intent === undefined);
      const one = there.every(pod => pod.revision === gateways?.revision);
      const done =
        generation === observedGeneration && progressing?.reason === 'Complete' && gateways?.desiredReplicas === count;
      return done && calm && one && there.length === count && gateways.readyReplicas === count ? there : null;
    };
    return eventually(`${name} has settled at ${count} gateways`, check, ms, () => seen);
  };
  await settled(gateway.replicas);
  const forward = await forwardService(access, { namespace: NAMESPACE, service: name, port: 80 });
  t.after(() => forward.close());
  return {
    name,
    access,
    url: `ws://127.0.0.1:${forward.port}${CLIENT_PATHS.websocket}`,
    object,
    pods,
    settled,
    condition: async type => (await object()).status?.conditions?.find(each => each.type === type),
    patch: async change => {
      await access.kubectl([
        ...['patch', 'chatcluster', name, IN_NAMESPACE, '--type=merge'],
        ...['--patch', JSON.stringify(change)],
      ]);
    },
    deployments: async () => {
      const { items } = await access.get<{ items: { metadata: { name: string } }[] }>([
        ...['deployments', IN_NAMESPACE, selector],
      ]);
      return items.map(({ metadata }) => metadata.name).sort();
    },
  };
}

function gatewayPod({ metadata, status }: Pod): GatewayPod {
  const intent = metadata.annotations?.[TRAFFIC_ANNOTATION];
  return {
    name: metadata.name,
    uid: metadata.uid,
    revision: metadata.labels?.[REVISION_LABEL] ?? '',
    ready: status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
    terminating: metadata.deletionTimestamp !== undefined,
    restarts: status.containerStatuses?.[0]?.restartCount ?? 0,
    intent: intent === undefined ? undefined : (JSON.parse(intent) as TrafficIntent),
  };
}
