import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { someOf } from '../process/some-of.ts';
import { clientsOf, hasEnoughGateways, isShortTooLong, mostReported, takersOf } from './capacity.ts';
import { alive, closeIntents, intentsOf, isoTime, takesClients } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';
import { roughly } from './roughly.ts';

type Intents = ReadonlyMap<string, TrafficIntent>;

/** Connections above the mean that are left alone, whatever share of the mean they are. */
const MIN_EXCESS = 10;
/** Seconds in which a gateway sheds its excess if the rate allows. */
const REBALANCE_SECONDS = 60;

/** Longest round of shedding, in milliseconds: meanwhile the gateway is out of the endpoints with the clients that stay. */
const ROUND_MS = 120_000;
/**
 * Time a gateway is back in the endpoints before the next round, in milliseconds: load balancers add it again after checks.
 */
const BETWEEN_ROUNDS_MS = 30_000;

/** Share of the gateways that must take clients elsewhere before gateways on leaving nodes are shut. */
const LEAST_ELSEWHERE = 0.25;

interface Steady {
  readonly intents: Intents;
  /** {@link FleetPlan.short} */
  readonly short: boolean;
  /** True if time alone changes it. */
  readonly again?: boolean;
}

/**
 * Shuts gateways on nodes that are about to be drained, so that a client moved off such a node does not land on another
 * gateway there. Clients of these gateways leave when the pod is evicted, because the gateway drains on SIGTERM.
 */
export function shutLeavingNodes(pods: readonly FleetPod[], taken: Intents, input: FleetInput): Steady {
  const there = alive(pods).filter(pod => !taken.has(pod.name));
  const leaving = there.filter(pod => pod.nodeLeaving);
  const marked = leaving.filter(pod => pod.intent?.reason === 'NodeDrain');
  const elsewhere = takersOf(there.filter(pod => !pod.nodeLeaving));
  // When all nodes are replaced they are cordoned at once: the few gateways elsewhere would get all new clients.
  const few = elsewhere < there.length * LEAST_ELSEWHERE;
  const short = few && marked.length > 0;
  if (elsewhere === 0 || (few && (!short || isShortTooLong(input)))) return { intents: new Map(), short };
  const since = isoTime(input.wall);
  const intentOf = ({ intent }: FleetPod) =>
    intent?.reason === 'NodeDrain' ? intent : ({ reason: 'NodeDrain', since } as const);
  return { intents: new Map((few ? marked : leaving).map(pod => [pod.name, intentOf(pod)] as const)), short };
}

/**
 * Moves clients from gateways far above the mean to the others, for instance after gateways were added: load balancers
 * place only new connections. All gateways above the mean are shut meanwhile, so that no client is moved to one that sheds
 * next. The gateways taking part stay the same until it is over.
 */
export function rebalance(pods: readonly FleetPod[], input: FleetInput): Steady & { readonly message: string } {
  const none = { intents: new Map(), message: '', short: false };
  const { mode, tolerancePercent, connectionsPerSecond, afterRolloutSeconds } = input.settings.rebalance;
  const there = alive(pods);
  const holds = (pod: FleetPod) => pod.connections ?? 0;
  const inside = there.filter(pod => pod.intent?.reason === 'Rebalance');
  const begun = inside.length > 0;
  if (mode === 'Disabled' || (!begun && input.now - input.servingSince < afterRolloutSeconds * 1_000)) return none;
  // A gateway that does not run or did not report its load neither sheds nor counts for the mean.
  const known = there.filter(pod => pod.running && pod.connections !== undefined);
  const mean = Math.ceil(known.reduce((sum, pod) => sum + holds(pod), 0) / Math.max(1, known.length));
  const above = (connections: number) => Math.max(connections + MIN_EXCESS, connections * (1 + tolerancePercent / 100));
  const bound = above(mean);
  const taking = begun ? inside : known.filter(pod => holds(pod) > mean);
  const rest = there.filter(pod => !taking.includes(pod));
  if (rest.length === 0) return none;
  // New clients reach only the other gateways. When one of them gets as full as one that would shed, the rebalance ends.
  const keeps = inside.flatMap(({ intent }) => intent?.keep ?? []);
  const fill = Math.min(above(Math.min(...keeps)), input.settings.capacity.maxConnections);
  if (begun && rest.some(pod => takesClients(pod) && holds(pod) >= fill)) return none;
  const clients = clientsOf(rest, input.settings.capacity);
  if (
    !mostReported(known.length, there.length, begun) ||
    !hasEnoughGateways(takersOf(rest), rest.length, clients + mean * taking.length, input, begun)
  ) {
    if (!begun || takersOf(rest) === 0 || isShortTooLong(input)) return { ...none, short: begun };
    return { intents: intentsOf(inside), message: sheds(inside, mean), short: true };
  }
  const isBack = ({ offeredSince = input.now }: FleetPod) => input.now - offeredSince >= BETWEEN_ROUNDS_MS;
  if (!begun && !taking.every(isBack)) return { ...none, again: taking.some(pod => holds(pod) > bound) };
  // Each gateway sheds down to the mean at the time it began, or as far as one round goes.
  const most = Math.floor((connectionsPerSecond * ROUND_MS) / 1_000 / taking.length);
  const keep = (pod: FleetPod) => pod.intent?.keep ?? Math.max(mean, holds(pod) - most);
  const heavy = taking.filter(pod => holds(pod) > (pod.intent?.keep ?? bound));
  if (heavy.length === 0) return none;
  const since = isoTime(input.wall);
  const light = taking.filter(pod => !heavy.includes(pod));
  const shut = closeIntents(taking, input, { reason: 'Rebalance', perSecond: 1, overSeconds: REBALANCE_SECONDS, keep });
  const isShut = [...shut.values()].some(intent => intent.keep !== undefined);
  const options = {
    reason: 'Rebalance',
    perSecond: connectionsPerSecond,
    overSeconds: REBALANCE_SECONDS,
    keep,
  } as const;
  const shedding = isShut ? closeIntents(heavy, input, options) : shut;
  const waits = (pod: FleetPod) => pod.intent ?? ({ reason: 'Rebalance', since } as const);
  const intents = new Map([...light.map(pod => [pod.name, waits(pod)] as const), ...shedding]);
  return { intents, message: sheds(heavy, mean), short: false };
}

function sheds(pods: readonly FleetPod[], mean: number): string {
  const names = someOf(pods.map(pod => pod.name));
  return `${names}: shedding down to a mean of about ${roughly(mean)} connections`;
}
