import type { TrafficIntent } from '../../server/contract.ts';
import { someOf } from '../some-of.ts';
import { alive, closing, iso, takesClients } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';
import { roughly } from './roughly.ts';

type Intents = ReadonlyMap<string, TrafficIntent>;

/** Differences below this many connections are left alone, whatever share of the mean they are. */
const MIN_EXCESS = 10;
/** A gateway is to be rid of its excess within this time if the rate allows. */
const REBALANCE_SECONDS = 60;

/** Share of the gateways that has to take clients elsewhere before those on nodes that leave take none. */
const LEAST_ELSEWHERE = 0.25;

/**
 * Gateways on nodes that are about to be drained take no new clients, so that a client that is moved off such a node is not
 * moved to another gateway on it. Their clients leave when the pod is evicted: the gateway drains on SIGTERM.
 */
export function leaveNodes(pods: readonly FleetPod[], taken: Intents, wall: number): Intents {
  const there = alive(pods).filter(pod => !taken.has(pod.name));
  const elsewhere = there.filter(pod => !pod.nodeLeaving && takesClients(pod)).length;
  // Where all nodes are replaced they are cordoned at once: the few gateways elsewhere would get all that come.
  if (elsewhere === 0 || elsewhere < there.length * LEAST_ELSEWHERE) return new Map();
  const since = iso(wall);
  return new Map(
    there
      .filter(pod => pod.nodeLeaving)
      .map(
        pod => [pod.name, pod.intent?.reason === 'NodeDrain' ? pod.intent : { reason: 'NodeDrain', since }] as const,
      ),
  );
}

/**
 * Moves clients from gateways far above the mean to the others, for instance after new ones were added: load balancers only
 * place new connections. All gateways above the mean are shut meanwhile, so that nobody is moved to one that sheds next,
 * and those that take part stay the same until it is over.
 */
export function rebalance(pods: readonly FleetPod[], input: FleetInput): { intents: Intents; message: string } {
  const none = { intents: new Map(), message: '' };
  const { mode, tolerancePercent, connectionsPerSecond, afterRolloutSeconds } = input.settings.rebalance;
  const there = alive(pods);
  const holds = (pod: FleetPod) => pod.connections ?? 0;
  if (input.now - input.servingSince < afterRolloutSeconds * 1_000) return none;
  if (mode === 'Disabled' || there.some(pod => !pod.running || pod.connections === undefined)) return none;
  const mean = Math.ceil(there.reduce((sum, pod) => sum + holds(pod), 0) / Math.max(1, there.length));
  const bound = Math.max(mean + MIN_EXCESS, mean * (1 + tolerancePercent / 100));
  const inside = there.filter(pod => pod.intent?.reason === 'Rebalance');
  const begun = inside.length > 0;
  const taking = begun ? inside : there.filter(pod => holds(pod) > mean);
  const rest = there.filter(pod => !taking.includes(pod));
  if (rest.length === 0 || !rest.every(takesClients)) return none;
  // Each goes down to the mean of the time it began to close.
  const keep = (pod: FleetPod) => pod.intent?.keep ?? mean;
  const heavy = taking.filter(pod => holds(pod) > (pod.intent?.keep ?? bound));
  if (heavy.length === 0) return none;
  const since = iso(input.wall);
  const light = taking.filter(pod => !heavy.includes(pod));
  const shut = closing(taking, input, { reason: 'Rebalance', perSecond: 1, overSeconds: REBALANCE_SECONDS, keep });
  const isShut = [...shut.values()].some(intent => intent.keep !== undefined);
  const options = {
    reason: 'Rebalance',
    perSecond: connectionsPerSecond,
    overSeconds: REBALANCE_SECONDS,
    keep,
  } as const;
  const shedding = isShut ? closing(heavy, input, options) : shut;
  const waits = (pod: FleetPod) => pod.intent ?? ({ reason: 'Rebalance', since } as const);
  const intents = new Map([...light.map(pod => [pod.name, waits(pod)] as const), ...shedding]);
  const names = someOf(heavy.map(pod => pod.name));
  return { intents, message: `${names}: shedding down to a mean of about ${roughly(mean)} connections` };
}
