import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { someOf } from '../process/some-of.ts';
import { alive, isoTime, takesClients } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';

/**
 * Time for which a gateway alone must lack NATS, in milliseconds. Gateways notice an outage of NATS and its end up to 15 s
 * apart; meanwhile some of them look as if they alone were cut off.
 */
const PATIENCE_MS = 15_000;
/**
 * Time after which a gateway that reaches NATS again takes clients, in milliseconds: one that keeps losing NATS stays out.
 */
const RETURN_MS = 30_000;

/**
 * True if more than half of the gateways take clients and reach NATS. Else NATS itself is away, and clients are no better
 * off elsewhere.
 */
function mostAreUp(there: readonly FleetPod[]): boolean {
  return there.filter(pod => takesClients(pod) && pod.natsUp === true).length * 2 > there.length;
}

/**
 * Updates `since`: the time from which each gateway has lacked NATS while most others had it, by pod name.
 * @param pods pods that serve
 */
export function noteCutOff(since: Map<string, number>, pods: readonly FleetPod[], now: number): void {
  const there = alive(pods);
  const down = new Set(mostAreUp(there) ? there.filter(pod => pod.natsUp === false).map(pod => pod.name) : []);
  for (const name of since.keys()) if (!down.has(name)) since.delete(name);
  for (const name of down) if (!since.has(name)) since.set(name, now);
}

/** Gateways that are cut off. */
export interface CutOff {
  readonly intents: ReadonlyMap<string, TrafficIntent>;
  /** One sentence; empty without. */
  readonly message: string;
  /** True if the passing of time alone changes the intents. */
  readonly again: boolean;
}

/**
 * Shuts gateways that lack NATS while most others have it. Such a gateway answers every command with a temporary error,
 * soon is the emptiest one, and would attract all new clients. Its own clients stay, because a reconnect costs more than a
 * short outage.
 * @param pods pods that serve
 * @param taken intents of gateways with another task
 */
export function isolateCutOff(
  pods: readonly FleetPod[],
  taken: ReadonlyMap<string, TrafficIntent>,
  { now, wall }: Pick<FleetInput, 'now' | 'wall'>,
): CutOff {
  const there = alive(pods).filter(pod => !taken.has(pod.name));
  if (!mostAreUp(there)) return { intents: new Map(), message: '', again: false };
  const since = isoTime(wall);
  const aside = there.flatMap(pod => {
    const current = pod.intent?.reason === 'CutOff' ? pod.intent : undefined;
    if (current) return staysOut(pod, now) ? [[pod.name, current] as const] : [];
    const isOut = pod.cutOffSince !== undefined && now - pod.cutOffSince >= PATIENCE_MS;
    // A gateway that is not ready gets no new clients anyway: it starts, or has a problem of its own.
    return isOut && pod.ready ? [[pod.name, { reason: 'CutOff', since } as const] as const] : [];
  });
  const names = someOf(aside.map(([name]) => name));
  const message = aside.length === 0 ? '' : `${names}: cut off from NATS, no new clients`;
  const isLate = ({ cutOffSince, intent, ready }: FleetPod) => cutOffSince !== undefined && ready && !intent;
  const again = there.some(pod => isLate(pod) || (pod.intent?.reason === 'CutOff' && pod.natsUp === true));
  return { intents: new Map(aside), message, again };
}

/** A gateway that does not answer counts as still cut off. */
function staysOut({ natsUp, intentSince }: FleetPod, now: number): boolean {
  return natsUp !== true || now - (intentSince ?? now) < RETURN_MS;
}
