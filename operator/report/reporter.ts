import type { Clock } from '../../server/time/clock.ts';
import { API_VERSION, type ChatCluster, type ChatClusterStatus, KIND } from '../api/chat-cluster.ts';
import type { Condition, Pod } from '../api/kube-object.ts';
import { withoutFields } from '../api/status-fields.ts';
import { differences } from '../apply/differences.ts';
import { totalConnections } from '../ask/loads.ts';
import { imageOf } from '../desired/choices.ts';
import { COMPONENTS, REVISION_LABEL } from '../desired/names.ts';
import { imageIn } from '../fleet/choices.ts';
import { gatewayDeployments } from '../fleet/observe.ts';
import { isStarting, lateStarts } from '../fleet/pod-problem.ts';
import type { KubeClient } from '../kube/client.ts';
import { FirstSeen } from '../process/first-seen.ts';
import { least } from '../process/least.ts';
import type { Metrics } from '../process/metrics.ts';
import type { Caches } from '../watch/caches.ts';
import { ConditionSeries } from './condition-series.ts';
import { dated, waitsForFinalizers } from './conditions.ts';
import { type Notice, noticesOfConditions } from './notices.ts';
import type { Pass, Result } from './pass.ts';
import { withWritten } from './snapshot.ts';
import { countGateways, roundConnections, status } from './status.ts';

/** Shortest time between two statuses in which only the number of connections differs, in milliseconds. */
const CONNECTIONS_MS = 30_000;
/** Milliseconds between two looks at pods that do not start: people wait for the reason. */
const STARTING_LOOK_MS = 30_000;
/** Milliseconds between two checks whether an incident is an hour old. */
const UNSTABLE_LOOK_MS = 300_000;

export interface ReporterOptions {
  /** Receives the ChatCluster as the API server has it after a write. */
  readonly caches: Pick<Caches, 'written'>;
  readonly client: KubeClient;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Image of ChatClusters that name none. */
  readonly defaultImage: string;
}

/** Writes the status of ChatClusters where it differs, and records Events of changed conditions. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #series: ConditionSeries;
  /** Time of the last write of the number of connections, by key. */
  readonly #writtenAt = new Map<string, number>();
  readonly #firstSeen = new Map<string, FirstSeen>();

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#series = new ConditionSeries(options.metrics);
  }

  /** Drops everything known of a ChatCluster that is gone. */
  forget(key: string): void {
    this.#writtenAt.delete(key);
    this.#firstSeen.delete(key);
    this.#series.forget(key);
  }

  /**
   * Writes the status if it differs from the one of the snapshot.
   * @returns the status after the pass, and milliseconds after which another one may be due
   */
  async report(
    { snapshot: before, scaling, fleet, plan }: Pass,
    { written, failure, altered }: Result,
    record: (notices: readonly Notice[]) => void,
  ): Promise<{ readonly status: ChatClusterStatus; readonly againMs: number | undefined }> {
    const { clock, defaultImage } = this.#options;
    const snapshot = withWritten(before, written);
    const { key, cluster, children, pods, probe, unknownFields } = snapshot;
    const total = probe && totalConnections(probe.loads);
    const writtenAt = this.#writtenAt.get(key) ?? Number.NEGATIVE_INFINITY;
    const waitMs = Math.max(0, writtenAt + CONNECTIONS_MS - clock.now());
    const serves = gatewayDeployments(cluster, children).find(
      ({ metadata }) => metadata.labels?.[REVISION_LABEL] === plan.serving,
    );
    const allPods = COMPONENTS.flatMap(component => pods[component]);
    const late = lateStarts(allPods, this.#firstSeenOf(key), clock.now());
    const whole = status({
      cluster,
      children,
      gatewayPods: pods.gateway,
      workerPods: pods.worker,
      gateways: countGateways(fleet.pods, plan.serving, fleet.size),
      desiredWorkers: scaling.workers.replicas,
      serving: plan.serving,
      rollout: plan.rollout,
      draining: plan.draining,
      image: imageIn(serves?.spec?.template) ?? imageOf(cluster, { defaultImage }),
      defaultImage,
      backends: probe?.backends,
      loads: probe?.loads.map(({ load }) => load),
      refusals: probe && {
        gateways: probe.loads.flatMap(({ load }) => load?.refused ?? []),
        workers: probe.backends.refused ?? [],
      },
      unknownFields,
      decision: scaling.decision,
      failure,
      altered,
      connections: waitMs === 0 ? total : undefined,
      isLate: ({ metadata }) => late.has(metadata.name),
      now: new Date(clock.wallClock()),
    });
    this.#series.show(key, whole.conditions ?? []);
    const next = withoutFields(whole, unknownFields);
    const isWritten = await this.#write(cluster, next, record);
    if (isWritten && next.gateways?.connections !== cluster.status?.gateways?.connections)
      this.#writtenAt.set(key, clock.now());
    const reported = next.gateways?.connections;
    const isOld = total !== undefined && roundConnections(total, reported) !== reported;
    const againMs = least(isOld ? waitMs : undefined, lookAgainMs(allPods, next.conditions ?? []));
    return { status: next, againMs };
  }

  #firstSeenOf(key: string): FirstSeen {
    const known = this.#firstSeen.get(key) ?? new FirstSeen();
    this.#firstSeen.set(key, known);
    return known;
  }

  /** Reports finalizers that a ChatCluster being deleted waits for. The operator no longer repairs it. */
  async reportDeletion(cluster: ChatCluster, record: (notices: readonly Notice[]) => void): Promise<void> {
    const verdict = waitsForFinalizers(cluster.metadata.finalizers);
    if (!verdict || !cluster.status) return;
    const { conditions = [] } = cluster.status;
    const [ready] = dated(
      [verdict],
      conditions,
      cluster.metadata.generation,
      new Date(this.#options.clock.wallClock()),
    );
    const next = conditions.map(condition => (ready && condition.type === ready.type ? ready : condition));
    await this.#write(cluster, { ...cluster.status, conditions: next }, record);
  }

  /** @returns false if it equals the status of `cluster`, which is then not written */
  async #write(
    cluster: ChatCluster,
    next: ChatClusterStatus,
    record: (notices: readonly Notice[]) => void,
  ): Promise<boolean> {
    const { caches, client } = this.#options;
    if (differences(cluster.status, next).length === 0) return false;
    // The uid keeps the status off another ChatCluster of the same name.
    const { name, namespace, uid } = cluster.metadata;
    const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace, uid }, status: next };
    const written = await client.apply(object, 'status');
    caches.written({ ...written, kind: KIND });
    record(noticesOfConditions(cluster.status?.conditions ?? [], next.conditions ?? []));
    return true;
  }
}

/** Milliseconds after which time alone may change the status: pods take long to start, or an incident gets an hour old. */
function lookAgainMs(pods: readonly Pod[], conditions: readonly Condition[]): number | undefined {
  if (pods.some(isStarting)) return STARTING_LOOK_MS;
  return conditions.some(({ type, status: is }) => type === 'PodsStable' && is === 'False')
    ? UNSTABLE_LOOK_MS
    : undefined;
}
