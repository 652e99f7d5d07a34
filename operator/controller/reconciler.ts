import type { Logger } from 'pino';
import { API_VERSION, type ChatCluster, KIND } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { type Decision, decide } from '../autoscale/decide.ts';
import type { Observation } from '../autoscale/history.ts';
import { type LoadSample, totalConnections } from '../autoscale/load-reader.ts';
import { TARGETS } from '../autoscale/targets.ts';
import type { Clock } from '../clock.ts';
import { desired, imageOf } from '../desired/desired.ts';
import { childName } from '../desired/names.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Metrics } from '../metrics.ts';
import type { WriteFailure } from '../reconcile/conditions.ts';
import { differences } from '../reconcile/differences.ts';
import { type Notice, noticeOfDecision, noticesOfActions, noticesOfConditions } from '../reconcile/notices.ts';
import { type Action, plan } from '../reconcile/plan.ts';
import { roundConnections, status } from '../reconcile/status.ts';
import type { Caches } from './caches.ts';
import type { Probe, Probes } from './probes.ts';
import type { Recorder } from './recorder.ts';
import { carryOut, NameTaken } from './writer.ts';

export interface ReconcilerOptions {
  readonly caches: Caches;
  readonly client: KubeClient;
  readonly probes: Pick<Probes, 'latest'>;
  readonly recorder: Pick<Recorder, 'record'>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly defaultImage: string;
}

/** What a pass leaves for the next one. All of it may be lost: a new operator starts without. */
interface Memory {
  history: readonly Observation[];
  /** Results of the probe that the last decision was made on: each is counted once. */
  decidedOn: Probe | undefined;
  connectionsWrittenAt: number;
}

/** How often the number of connections may be the only news in the status. */
const CONNECTIONS_MS = 30_000;
/** Loads older than this are unknown. */
const STALE_MS = 15_000;
const forgotten = (sample: LoadSample): LoadSample => ({ ...sample, load: undefined });

interface Deployment extends KubeObject {
  readonly spec?: { readonly replicas?: number };
}

/** Makes one ChatCluster what its spec says. Everything is decided by pure functions on what the caches hold. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #memory = new Map<string, Memory>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** One pass. @returns milliseconds after which another one has news @throws {Error} when it has to be repeated */
  async run(key: string): Promise<number | undefined> {
    const { caches, defaultImage } = this.#options;
    const cluster = caches.cluster(key);
    if (!cluster || cluster.metadata.deletionTimestamp !== undefined) {
      // The garbage collector takes the children: each has its owner's uid.
      this.#forget(key);
      return undefined;
    }
    const memory = this.#memoryOf(key);
    const observed = caches.children(key);
    const current = this.#currentGateways(cluster, observed);
    const decision = this.#decide(key, cluster, current, memory);
    const gatewayReplicas = decision.replicas;
    const { actions, taken } = plan(observed, desired(cluster, { gatewayReplicas, defaultImage }));

    const { done, failure, error } = await this.#write(actions, taken);
    const isNew = cluster.status?.observedGeneration === undefined;
    const scaled = decision.replicas !== current;
    this.#tell(cluster, noticesOfActions(done, isNew, scaled));
    if (error === undefined) this.#tell(cluster, noticeOfDecision(decision, current));
    const again = await this.#report(key, cluster, gatewayReplicas, decision, failure);
    if (error !== undefined) throw error;
    return again;
  }

  /** Writes the status if it changed. @returns milliseconds after which a newer number of connections may be written */
  async #report(
    key: string,
    cluster: ChatCluster,
    desiredGateways: number,
    decision: Decision | undefined,
    failure: WriteFailure | undefined,
  ): Promise<number | undefined> {
    const { caches, client, clock, defaultImage, probes } = this.#options;
    const memory = this.#memoryOf(key);
    const probe = probes.latest(key);
    const total = probe && totalConnections(probe.loads);
    const waitMs = Math.max(0, memory.connectionsWrittenAt + CONNECTIONS_MS - clock.now());
    const next = status({
      cluster,
      children: caches.children(key).map(child => child.object),
      gatewayPods: caches.pods(key, 'gateway'),
      workerPods: caches.pods(key, 'worker'),
      desiredGateways,
      image: imageOf(cluster, { defaultImage }),
      backends: probe?.backends,
      decision,
      failure,
      connections: waitMs === 0 ? total : undefined,
      now: clock.date(),
    });
    this.#measure(cluster, decision, next.gateways?.readyReplicas ?? 0);
    if (differences(cluster.status, next).length > 0) {
      // The uid keeps the status off another ChatCluster of the same name.
      const { name, namespace, uid } = cluster.metadata;
      const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace, uid }, status: next };
      const written = await client.apply(object, 'status');
      caches.written({ ...written, kind: KIND });
      if (next.gateways?.connections !== cluster.status?.gateways?.connections)
        memory.connectionsWrittenAt = clock.now();
      this.#tell(cluster, noticesOfConditions(cluster.status?.conditions ?? [], next.conditions ?? []));
    }
    const isOld = total !== undefined && roundConnections(total) !== next.gateways?.connections;
    return isOld ? waitMs : undefined;
  }

  #tell(cluster: ChatCluster, notices: readonly Notice[]): void {
    const regarding = { ...cluster, apiVersion: API_VERSION, kind: KIND };
    for (const notice of notices) this.#options.recorder.record(regarding, notice);
  }

  #memoryOf(key: string): Memory {
    const held = this.#memory.get(key);
    if (held) return held;
    const fresh = {
      history: [],
      decidedOn: undefined,
      connectionsWrittenAt: Number.NEGATIVE_INFINITY,
    };
    this.#memory.set(key, fresh);
    return fresh;
  }

  #forget(key: string): void {
    this.#memory.delete(key);
    const [namespace = '', name = ''] = key.split('/');
    this.#options.metrics.connections.remove({ namespace, name });
    for (const size of ['wanted', 'bounded', 'ready']) this.#options.metrics.gateways.remove({ namespace, name, size });
    for (const target of TARGETS) this.#options.metrics.targets.remove({ namespace, name, target });
  }

  #currentGateways(cluster: ChatCluster, observed: ReturnType<Caches['children']>): number {
    const name = childName.deployment(cluster.metadata.name, 'gateway');
    const found = observed.find(child => child.object.kind === 'Deployment' && child.object.metadata.name === name);
    const { gateway } = cluster.spec;
    const begun = gateway.autoscaling.mode === 'Builtin' ? gateway.autoscaling.minReplicas : gateway.replicas;
    return (found?.object as Deployment | undefined)?.spec?.replicas ?? begun;
  }

  #decide(key: string, cluster: ChatCluster, current: number, memory: Memory): Decision {
    const { gateway, limits } = cluster.spec;
    const probe = this.#options.probes.latest(key);
    const now = this.#options.clock.now();
    const decision = decide({
      spec: gateway.autoscaling,
      replicas: gateway.replicas,
      maxConnections: limits.maxConnections,
      current,
      samples: probe && (now - probe.at > STALE_MS ? probe.loads.map(forgotten) : probe.loads),
      held: 'None',
      why: '',
      now,
      history: memory.history,
    });
    if (probe !== memory.decidedOn || memory.history.length === 0) memory.history = decision.history;
    memory.decidedOn = probe;
    return decision;
  }

  async #write(
    actions: readonly Action[],
    taken: readonly string[],
  ): Promise<{ done: Action[]; failure: WriteFailure | undefined; error: unknown }> {
    const { caches, client, log, metrics } = this.#options;
    const done: Action[] = [];
    let failure: WriteFailure | undefined =
      taken.length > 0
        ? { reason: 'NameTaken', message: `${taken.join(', ')} belongs to another object or is being deleted` }
        : undefined;
    for (const action of actions) {
      try {
        const written = await carryOut(client, action);
        if (written) caches.written({ ...written, apiVersion: action.object.apiVersion, kind: action.object.kind });
        done.push(action);
        const repair = action.verb === 'prune' || (action.verb === 'apply' && action.cause === 'drifted');
        if (repair) metrics.repairs.inc({ kind: action.object.kind });
        log.info({ action: action.verb, kind: action.object.kind, name: action.object.metadata.name }, 'child written');
      } catch (error) {
        failure ??= failureOf(error);
        return { done, failure, error };
      }
    }
    return { done, failure, error: failure ? new Error(failure.message) : undefined };
  }

  #measure({ metadata }: ChatCluster, decision: Decision | undefined, ready: number): void {
    const { gateways, connections, targets } = this.#options.metrics;
    const labels = { namespace: metadata.namespace, name: metadata.name };
    gateways.set({ ...labels, size: 'ready' }, ready);
    if (decision?.wanted !== undefined) gateways.set({ ...labels, size: 'wanted' }, decision.wanted);
    if (decision) gateways.set({ ...labels, size: 'bounded' }, decision.replicas);
    if (decision?.connections !== undefined) connections.set(labels, decision.connections);
    for (const { target, gateways: count } of decision?.asks ?? []) targets.set({ ...labels, target }, count);
  }
}

/** What trying again does not help. */
function failureOf(error: unknown): WriteFailure | undefined {
  if (error instanceof NameTaken) return { reason: 'NameTaken', message: error.message };
  if (error instanceof ApiError && error.terminal) return { reason: 'Refused', message: error.message };
  return undefined;
}
