import type { GatewayLoad } from '../../server/contract/load.ts';
import { ADMIN_PATHS, PORTS } from '../../server/contract/ports.ts';
import type { AskPod } from '../api/ask-pod.ts';
import { isReady, type Pod } from '../api/kube-object.ts';
import { refusedOptions } from '../api/refused-options.ts';
import { trafficOf } from '../api/traffic.ts';
import type { Answer, CachedAnswer } from '../autoscale/cached-answers.ts';
import type { FirstSeen } from '../process/first-seen.ts';

/** State of one running gateway and its last answer. */
export interface GatewayAnswer extends Answer {
  readonly load: GatewayLoad | undefined;
}

/** An answer in which an earlier load stands in for a missing one. */
export type LoadSample = GatewayAnswer & CachedAnswer;

const RATES = [
  'maxConnections',
  'deliveriesPerSecond',
  'eventLoopLagMs',
  'cpu',
  'commandsPerSecond',
  'errorsPerSecond',
  'publishMs',
  'refusedPerSecond',
  'featuresLeftOut',
] as const satisfies readonly (keyof GatewayLoad)[];

const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/**
 * Load from the body of `/load`. Numbers that an older gateway does not send are 0.
 * @returns undefined if the body is not a load
 */
export function parseLoad(body: unknown, pod: string): GatewayLoad | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const fields = body as Partial<Record<keyof GatewayLoad, unknown>>;
  const { connections, gateway, optionsVersion } = fields;
  if (!isAmount(connections) || !Number.isSafeInteger(connections)) return undefined;
  if (RATES.some(name => fields[name] !== undefined && !isAmount(fields[name]))) return undefined;
  const rates = Object.fromEntries(RATES.map(name => [name, fields[name] ?? 0])) as Record<
    (typeof RATES)[number],
    number
  >;
  return {
    gateway: typeof gateway === 'string' ? gateway : pod,
    ready: fields.ready === true,
    draining: fields.draining === true,
    ...(typeof fields.refusing === 'boolean' ? { refusing: fields.refusing } : {}),
    connections,
    ...rates,
    natsUp: fields.natsUp !== false,
    optionsVersion: typeof optionsVersion === 'string' ? optionsVersion : '',
    ...refusedOptions(fields.refused),
  };
}

/** Reasons of intents that pass soon and leave the gateway where it is. */
const STAYS: ReadonlySet<string | undefined> = new Set(['Rebalance', 'CutOff']);

/** True if a pod is about to end or to be emptied. An intent that cannot be read counts as one. */
function isLeaving(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return true;
  const intent = trafficOf(pod);
  return intent !== undefined && !STAYS.has(intent?.reason);
}

/** Longest time between conditions that the kubelet set at once when the pod started: their times are whole seconds. */
const SAME_MOMENT_MS = 1_000;

/** True if a pod is ready or has been. Unknown counts as true: silence of such a pod keeps the size. */
function hasServed(pod: Pod): boolean {
  const time = (type: string) =>
    Date.parse(pod.status.conditions.find(condition => condition.type === type)?.lastTransitionTime ?? '');
  // A pod that was never ready has been not ready since it was initialized.
  return !(Math.abs(time('Ready') - time('Initialized')) <= SAME_MOMENT_MS) || isReady(pod);
}

function lifeOf({ metadata, status }: Pod): string {
  const restarts = status.containers.find(({ name }) => name === 'gateway')?.restarts ?? 0;
  return `${metadata.uid ?? metadata.name}/${restarts}`;
}

/** Time a working kubelet needs to report the end of a pod after its grace period. */
const REPORT_MS = 10_000;

/**
 * True if a terminating pod has outlived its grace period: its node is gone. The grace period counts from when this process
 * first saw the deletion.
 */
export function isOver({ metadata }: Pod, firstSeen: FirstSeen, now: number): boolean {
  const { name, uid, deletionTimestamp, deletionGracePeriodSeconds: grace = 0 } = metadata;
  if (deletionTimestamp === undefined) return false;
  return now - firstSeen.since(`end of ${name} ${uid}`, String(grace), now) > grace * 1_000 + REPORT_MS;
}

/**
 * Asks all running gateways for their load at once, also those that are not ready or terminating: they may still have
 * clients. Never rejects: without an answer the load is undefined. A gateway whose grace period is over and that does not
 * answer is left out.
 * @param isOver true if the grace period of a pod is over
 */
export async function readLoads(
  gateways: readonly Pod[],
  ask: AskPod,
  isOver: (pod: Pod) => boolean,
): Promise<GatewayAnswer[]> {
  const running = gateways.filter(({ status }) => status.phase === 'Running' && status.podIP !== undefined);
  const over = new Set(running.filter(isOver));
  const samples = await Promise.all(
    running.map(async gateway => {
      const pod = gateway.metadata.name;
      const load = await ask(gateway, PORTS.admin, ADMIN_PATHS.load).then(
        body => parseLoad(body, pod),
        () => undefined,
      );
      if (over.has(gateway) && load === undefined) return [];
      const leaving = isLeaving(gateway);
      const state = { ready: isReady(gateway) && !leaving, leaving, served: hasServed(gateway) };
      return [{ pod, ...state, load, life: lifeOf(gateway) }];
    }),
  );
  return samples.flat();
}

const connectionsOf = ({ load, served }: GatewayAnswer) => load?.connections ?? (served ? undefined : 0);

/**
 * Connections of each gateway by pod name, where they are known. A gateway that was empty when it last answered may have
 * clients by now, and an empty gateway is removed: only a fresh answer may report it as empty.
 */
export function connectionsByPod(samples: readonly LoadSample[]): ReadonlyMap<string, number> {
  return new Map(
    samples.flatMap(sample => {
      const connections = connectionsOf(sample);
      return connections === undefined || (sample.cached && connections === 0)
        ? []
        : [[sample.pod, connections] as const];
    }),
  );
}

/**
 * True for each gateway that reaches NATS, false for each that does not, by pod name; gateways without an answer are
 * missing.
 */
export function natsUpByPod(samples: readonly LoadSample[]): ReadonlyMap<string, boolean> {
  return new Map(samples.flatMap(({ pod, load }) => (load ? [[pod, load.natsUp !== false] as const] : [])));
}

/** True for each gateway that refuses new connections, by pod name; gateways that do not report it are missing. */
export function refusingByPod(samples: readonly LoadSample[]): ReadonlyMap<string, boolean> {
  return new Map(
    samples.flatMap(({ pod, load }) => (load?.refusing === undefined ? [] : [[pod, load.refusing] as const])),
  );
}

/** Connections of all gateways; undefined when one is not known, or there is no gateway. */
export function totalConnections(samples: readonly GatewayAnswer[]): number | undefined {
  const known = samples.flatMap(sample => connectionsOf(sample) ?? []);
  if (samples.length === 0 || known.length < samples.length) return undefined;
  return known.reduce((sum, count) => sum + count, 0);
}
