import type { TrafficIntent } from '../../server/contract.ts';
import { alive, closing } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';

type Intents = ReadonlyMap<string, TrafficIntent>;

/** Differences below this many connections are left alone, whatever share of the mean they are. */
const MIN_EXCESS = 10;
/** A gateway is to be rid of its excess within this time if the rate allows. */
const REBALANCE_SECONDS = 60;

/**
 * Gateways on nodes that are about to be drained take no new clients, so that a client that is moved off such a node is not
 * moved to another gateway on it. Their clients leave when the pod is evicted: the gateway drains on SIGTERM.
 */
export function leaveNodes(pods: readonly FleetPod[], taken: Intents, now: number): Intents {
  const there = alive(pods).filter(pod => !taken.has(pod.name));
  const elsewhere = there.some(pod => !pod.nodeLeaving && pod.ready);
  if (!elsewhere) return new Map();
  const since = new Date(now).toISOString();
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
 * place new connections. A gateway that sheds is not ready meanwhile, so that nobody it lets go comes back to it.
 */
export function rebalance(pods: readonly FleetPod[], input: FleetInput): { intents: Intents; message: string } {
  const none = { intents: new Map(), message: '' };
  const { mode, tolerancePercent, connectionsPerSecond } = input.settings.rebalance;
  const there = alive(pods);
  const sheds = (pod: FleetPod) => pod.intent?.reason === 'Rebalance';
  const counts = there.flatMap(pod => pod.connections ?? []);
  const calm = there.every(pod => pod.running && (sheds(pod) || (pod.ready && pod.intent === undefined)));
  if (mode === 'Disabled' || !calm || counts.length < there.length || there.length < 2) return none;
  const mean = Math.ceil(counts.reduce((sum, count) => sum + count, 0) / there.length);
  const bound = Math.max(mean + MIN_EXCESS, mean * (1 + tolerancePercent / 100));
  const isAbove = (pod: FleetPod) => (pod.connections ?? 0) > (sheds(pod) ? (pod.intent?.keep ?? mean) : bound);
  const heavy = there.filter(isAbove);
  if (heavy.length === 0 || heavy.length === there.length) return none;
  const intents = closing(heavy, input, {
    reason: 'Rebalance',
    perSecond: connectionsPerSecond,
    overSeconds: REBALANCE_SECONDS,
    // Down to the mean of the time it began.
    keep: pod => pod.intent?.keep ?? mean,
  });
  const names = heavy.map(pod => pod.name).join(', ');
  return { intents, message: `${names}: shedding down to a mean of ${mean.toLocaleString('en')} connections` };
}
