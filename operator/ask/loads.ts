import type { GatewayLoad } from '../../server/contract/load.ts';
import { ADMIN_PATHS, PORTS } from '../../server/contract/ports.ts';
import type { AskPod } from '../api/ask-pod.ts';
import { isReady, type Pod } from '../api/kube-object.ts';
import { refusedOptions } from '../api/refused-options.ts';
import { trafficOf } from '../api/traffic.ts';
import type { Answer, CachedAnswer } from '../autoscale/cached-answers.ts';
import type { FirstSeen } from '../process/first-seen.ts';

/** What one running gateway is, and what it said when it was asked. */
export interface GatewayAnswer extends Answer {
  readonly load: GatewayLoad | undefined;
}

/** The same, with what it said last in place of silence. */
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
] as const satisfies readonly (keyof GatewayLoad)[];

const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/**
 * The body of `/load`, checked. Numbers that an older gateway does not have yet are 0.
 * @returns undefined for what is no load
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

/** What is over soon, with the gateway where it was. */
const STAYS: ReadonlySet<string | undefined> = new Set(['Rebalance', 'CutOff']);

/** True if a pod is to go, or to be emptied: also for a reason nobody can read. */
function isLeaving(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return true;
  const intent = trafficOf(pod);
  return intent !== undefined && !STAYS.has(intent?.reason);
}

/** The kubelet sets all conditions in one go when it meets the pod; times are whole seconds. */
const SAME_MOMENT_MS = 1_000;

/** Whether a pod is ready or has been. Unknown counts as yes: silence of such a pod holds the size. */
function hasServed(pod: Pod): boolean {
  const time = (type: string) =>
    Date.parse(pod.status.conditions.find(condition => condition.type === type)?.lastTransitionTime ?? '');
  // A pod that was never ready has been not ready since it was set up.
  return !(Math.abs(time('Ready') - time('Initialized')) <= SAME_MOMENT_MS) || isReady(pod);
}

function lifeOf({ metadata, status }: Pod): string {
  const restarts = status.containers.find(({ name }) => name === 'gateway')?.restarts ?? 0;
  return `${metadata.uid ?? metadata.name}/${restarts}`;
}

/** A kubelet that works needs so long beyond the grace of a pod to report its end. */
const REPORT_MS = 10_000;

/** A pod that is still there after its grace is on a node that is gone. The grace counts from when the deletion was first seen. */
export function isOver({ metadata }: Pod, firstSeen: FirstSeen, now: number): boolean {
  const { name, uid, deletionTimestamp, deletionGracePeriodSeconds: grace = 0 } = metadata;
  if (deletionTimestamp === undefined) return false;
  return now - firstSeen.since(`end of ${name} ${uid}`, String(grace), now) > grace * 1_000 + REPORT_MS;
}

/**
 * Asks every running gateway what it holds, all at once, also those that are NotReady or terminate: they may still hold
 * clients. Never rejects: the load of who does not answer is undefined, and who does not answer after the end of its grace
 * period is left out.
 * @param isOver whether the grace period of a pod is over
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
 * Connections of each gateway that said so, or that cannot have any, by pod name. One that was empty when it last spoke may
 * have clients by now, and an empty one is removed: only what it says this time makes it one.
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

/** True if each gateway that said so reaches NATS, by pod name. */
export function natsUpByPod(samples: readonly LoadSample[]): ReadonlyMap<string, boolean> {
  return new Map(samples.flatMap(({ pod, load }) => (load ? [[pod, load.natsUp !== false] as const] : [])));
}

/** Whether each gateway that said so refuses new connections, by pod name. */
export function refusingByPod(samples: readonly LoadSample[]): ReadonlyMap<string, boolean> {
  return new Map(
    samples.flatMap(({ pod, load }) => (load?.refusing === undefined ? [] : [[pod, load.refusing] as const])),
  );
}

/** Connections of all gateways; undefined when not all said, or there is none. */
export function totalConnections(samples: readonly GatewayAnswer[]): number | undefined {
  const known = samples.flatMap(sample => connectionsOf(sample) ?? []);
  if (samples.length === 0 || known.length < samples.length) return undefined;
  return known.reduce((sum, count) => sum + count, 0);
}
