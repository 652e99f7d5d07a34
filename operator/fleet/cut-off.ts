import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { someOf } from '../process/some-of.ts';
import { alive, iso, takesClients } from './closing.ts';
import type { FleetInput, FleetPod } from './fleet.ts';

/**
 * A gateway has to be the odd one out for so long. Gateways notice an outage of NATS, and its end, up to 15 s apart: meanwhile
 * some of them look as if they alone were without it.
 */
const PATIENCE_MS = 15_000;
/** A gateway that reaches NATS again takes clients so long after it was taken out, so that one that comes and goes stays out. */
const RETURN_MS = 30_000;

/** Half of the gateways or more without NATS means that NATS itself is away: nobody is better off elsewhere. */
function mostAreUp(there: readonly FleetPod[]): boolean {
  return there.filter(pod => takesClients(pod) && pod.natsUp === true).length * 2 > there.length;
}

/**
 * Keeps in `since`, by pod name, from when on a gateway has been without NATS while most others had it.
 * @param pods that serve
 */
export function noteCutOff(since: Map<string, number>, pods: readonly FleetPod[], now: number): void {
  const there = alive(pods);
  const down = new Set(mostAreUp(there) ? there.filter(pod => pod.natsUp === false).map(pod => pod.name) : []);
  for (const name of since.keys()) if (!down.has(name)) since.delete(name);
  for (const name of down) if (!since.has(name)) since.set(name, now);
}

export interface CutOff {
  readonly intents: ReadonlyMap<string, TrafficIntent>;
  /** One sentence; empty without. */
  readonly message: string;
  /** True if the passing of time alone changes the intents. */
  readonly again: boolean;
}

/**
 * A gateway without NATS takes no new clients while most others have it: it answers everything with a temporary error, is soon
 * the emptiest, and would attract all who connect. Its own clients stay, as a reconnect costs more than a short outage.
 * @param pods that serve @param taken those with something else to do
 */
export function setAside(
  pods: readonly FleetPod[],
  taken: ReadonlyMap<string, TrafficIntent>,
  { now, wall }: Pick<FleetInput, 'now' | 'wall'>,
): CutOff {
  const there = alive(pods).filter(pod => !taken.has(pod.name));
  if (!mostAreUp(there)) return { intents: new Map(), message: '', again: false };
  const since = iso(wall);
  const aside = there.flatMap(pod => {
    const current = pod.intent?.reason === 'CutOff' ? pod.intent : undefined;
    if (current) return staysOut(pod, now) ? [[pod.name, current] as const] : [];
    const isOut = pod.cutOffSince !== undefined && now - pod.cutOffSince >= PATIENCE_MS;
    // One that is not ready attracts nobody: it starts, or has a problem of its own.
    return isOut && pod.ready ? [[pod.name, { reason: 'CutOff', since } as const] as const] : [];
  });
  const names = someOf(aside.map(([name]) => name));
  const message = aside.length === 0 ? '' : `${names}: cut off from NATS, no new clients`;
  const isLate = ({ cutOffSince, intent, ready }: FleetPod) => cutOffSince !== undefined && ready && !intent;
  const again = there.some(pod => isLate(pod) || (pod.intent?.reason === 'CutOff' && pod.natsUp === true));
  return { intents: new Map(aside), message, again };
}

/** What does not answer is no better than it was. */
function staysOut({ natsUp, intentSince }: FleetPod, now: number): boolean {
  return natsUp !== true || now - (intentSince ?? now) < RETURN_MS;
}
