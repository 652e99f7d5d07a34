import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { someOf } from '../process/some-of.ts';
import { clientsOf, hasEnoughGateways, takersOf } from './capacity.ts';
import { alive, emptying, isFinished, shutting, standsBy } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';
import { keepTheirClients } from './patience.ts';
import { isOutForLong } from './removed-targets.ts';
import { roughly } from './roughly.ts';

/**
 * The order in which pods go. What the ReplicaSet controller would take first in any case stands first: a pod without a node,
 * then one that does not run. Then those that close connections already, then those that were chosen for it, then the ones with
 * the fewest connections.
 */
function rank(pod: FleetPod, first: (pod: FleetPod) => boolean): readonly number[] {
  const chosen = pod.intent?.reason === 'ScaleDown' || pod.intent?.reason === 'Hibernate';
  const closes = chosen && pod.intent?.keep === 0;
  return [
    pod.scheduled ? 1 : 0,
    pod.running ? 1 : 0,
    closes ? 0 : chosen ? 1 : 2,
    pod.nodeLeaving ? 0 : 1,
    first(pod) ? 0 : 1,
    pod.ready ? 1 : 0,
    pod.connections ?? Number.POSITIVE_INFINITY,
  ];
}

function byRank(a: FleetPod, b: FleetPod, first: (pod: FleetPod) => boolean): number {
  const ranks = rank(b, first);
  for (const [index, value] of rank(a, first).entries()) {
    const other = ranks[index] ?? 0;
    if (value !== other) return value < other ? -1 : 1;
  }
  return a.name < b.name ? -1 : 1;
}

export interface ScaleDown {
  readonly victims: readonly FleetPod[];
  /** Intents of the victims; empty while none is chosen. */
  readonly intents: ReadonlyMap<string, TrafficIntent>;
  /** Whether the victims may be removed now. */
  readonly finished: boolean;
  /** One sentence; empty when nothing is to be removed. */
  readonly message: string;
}

/** Chooses which of `pods` go so that `size` are left, and what they are to do until they may. @param first who goes before others that run as well */
export function scaleDown(
  pods: readonly FleetPod[],
  size: number,
  input: FleetInput,
  first: (pod: FleetPod) => boolean = () => false,
): ScaleDown {
  const there = alive(pods);
  const count = there.length - size;
  if (count <= 0) return { victims: [], intents: new Map(), finished: true, message: '' };
  // `replicas` are lower already: a gateway that lost its intent now would stay, and another one go with its clients.
  const isLowered = replicasOf(there, input) <= size;
  // Those that have been unready for long go first: the ReplicaSet controller would take them before any empty one.
  const stuck = new Set(isLowered ? [] : there.filter(pod => pod.running && !pod.ready && isOutForLong(pod, input)));
  const order = (a: FleetPod, b: FleetPod) => Number(stuck.has(b)) - Number(stuck.has(a)) || byRank(a, b, first);
  const idle = there.filter(pod => !pod.running).sort((a, b) => byRank(a, b, first));
  const victims = [...idle, ...there.filter(pod => pod.running).sort(order)].slice(0, count);
  const rest = there.filter(pod => !victims.includes(pod));
  const names = someOf(victims.map(pod => pod.name));
  const begun = victims.some(pod => pod.intent !== undefined && !standsBy(pod.intent));
  const takers = takersOf(rest);
  const clients = clientsOf(there, input.settings.capacity);
  const canTake = begun ? takers > 0 : hasEnoughGateways(takers, rest.length, clients, input, false);
  if (size > 0 && !canTake && !isLowered && victims.some(pod => pod.running)) {
    const message = `${rest.length - takers} of the ${size} gateways that stay are not ready; nothing is removed until they are`;
    return { victims, intents: new Map(), finished: false, message };
  }
  // Where all go nobody new finds a gateway, so there is nothing to wait for.
  const alone = size > 0 && keepTheirClients(victims, input);
  const intents = alone
    ? new Map(victims.map(pod => [pod.name, shutting(pod, input, 'ScaleDown')] as const))
    : emptying(victims, input, size === 0 ? 'Hibernate' : 'ScaleDown');
  const empty = victims.every(pod => isFinished(pod, input));
  const unready = isLowered ? [] : rest.filter(pod => goesBefore(pod, victims));
  const finished = empty && unready.length === 0;
  const left = victims.reduce((sum, pod) => sum + (pod.connections ?? 0), 0);
  const moving = [...intents.values()].some(({ keep }) => keep === 0);
  const numbers = `about ${roughly(left)} connections left`;
  const step = moving ? `${numbers} to move` : alone ? `no new clients; ${numbers}, whose sessions may end` : 'closing';
  const wait = `empty; removed once ${someOf(unready.map(pod => pod.name))} is ready, which would go in their place`;
  const message = finished ? 'being removed' : empty ? wait : step;
  return { victims, intents, finished, message: `${names}: ${message}` };
}

/**
 * Whether the ReplicaSet controller would take `pod` before one of the empty `victims`: whatever its cost, one that is ready goes
 * after one that is not. Who holds nobody may.
 */
function goesBefore(pod: FleetPod, victims: readonly FleetPod[]): boolean {
  if (pod.ready || !pod.running || pod.connections === 0) return false;
  return victims.some(victim => victim.ready && victim.revision === pod.revision);
}

/** What the Deployments of `pods` ask for. */
function replicasOf(pods: readonly FleetPod[], { revisions }: FleetInput): number {
  const theirs = revisions.filter(({ revision }) => pods.some(pod => pod.revision === revision));
  return theirs.reduce((sum, { replicas }) => sum + replicas, 0);
}
