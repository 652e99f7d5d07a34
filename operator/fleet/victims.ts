import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { someOf } from '../process/some-of.ts';
import { clientsOf, hasEnoughGateways, takersOf } from './capacity.ts';
import { alive, emptyIntents, isFinished, shutIntent, standsBy } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';
import { keepTheirClients } from './patience.ts';
import { isOutForLong } from './removed-targets.ts';
import { roughly } from './roughly.ts';

/**
 * Order in which pods are removed. Pods that the ReplicaSet controller removes first in any case come first: without a
 * node, then not running. Then come pods that close connections already, then pods chosen for it, then those with the
 * fewest connections.
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

/** Plan for a scale-down. */
export interface ScaleDown {
  readonly victims: readonly FleetPod[];
  /** Intents of the victims; empty while none is chosen. */
  readonly intents: ReadonlyMap<string, TrafficIntent>;
  /** True if the victims may be removed now. */
  readonly finished: boolean;
  /** One sentence; empty when no gateway is to be removed. */
  readonly message: string;
}

/**
 * Chooses victims out of `pods` so that `size` are left, and their intents until they may be removed.
 * @param first true for pods that go before others that run as well
 */
export function scaleDown(
  pods: readonly FleetPod[],
  size: number,
  input: FleetInput,
  first: (pod: FleetPod) => boolean = () => false,
): ScaleDown {
  const there = alive(pods);
  const count = there.length - size;
  if (count <= 0) return { victims: [], intents: new Map(), finished: true, message: '' };
  // `replicas` are lower already: clearing an intent now would remove another gateway together with its clients.
  const isLowered = replicasOf(there, input) <= size;
  // Gateways that have been unready for long go first: the ReplicaSet controller would remove them before any empty one.
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
    const message = `${rest.length - takers} of the ${size} gateways that stay are not ready; no gateway is removed until they are`;
    return { victims, intents: new Map(), finished: false, message };
  }
  // When all gateways go, no new client finds one, so there is nothing to wait for.
  const alone = size > 0 && keepTheirClients(victims, input);
  const intents = alone
    ? new Map(victims.map(pod => [pod.name, shutIntent(pod, input, 'ScaleDown')] as const))
    : emptyIntents(victims, input, size === 0 ? 'Hibernate' : 'ScaleDown');
  const empty = victims.every(pod => isFinished(pod, input));
  const unready = isLowered ? [] : rest.filter(pod => goesBefore(pod, victims));
  const finished = empty && unready.length === 0;
  const left = victims.reduce((sum, pod) => sum + (pod.connections ?? 0), 0);
  const moving = [...intents.values()].some(({ keep }) => keep === 0);
  const numbers = `about ${roughly(left)} connections left`;
  const step = moving
    ? `${numbers} to move`
    : alone
      ? `no new clients; ${numbers}; sessions may end by themselves`
      : 'no new clients; waiting for load balancers';
  const wait = `empty; removed once ${someOf(unready.map(pod => pod.name))} is ready, because Kubernetes would remove that one instead`;
  const message = finished ? 'being removed' : empty ? wait : step;
  return { victims, intents, finished, message: `${names}: ${message}` };
}

/**
 * True if the ReplicaSet controller would remove `pod` before one of the empty `victims`: whatever the deletion cost, an
 * unready pod goes before a ready one. A pod without clients may go.
 */
function goesBefore(pod: FleetPod, victims: readonly FleetPod[]): boolean {
  if (pod.ready || !pod.running || pod.connections === 0) return false;
  return victims.some(victim => victim.ready && victim.revision === pod.revision);
}

/** Replicas that the Deployments of `pods` ask for. */
function replicasOf(pods: readonly FleetPod[], { revisions }: FleetInput): number {
  const theirs = revisions.filter(({ revision }) => pods.some(pod => pod.revision === revision));
  return theirs.reduce((sum, { replicas }) => sum + replicas, 0);
}
