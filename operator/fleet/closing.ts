import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { isServing } from '../api/serving.ts';
import type { FleetInput, FleetPod } from './fleet.ts';

type Intents = ReadonlyMap<string, TrafficIntent>;

/** Time a gateway may take beyond its pace before it is not waited for any longer. */
const WAIT_MARGIN_SECONDS = 10;
/** A gateway stays somewhat below its pace, so that no second is above it. */
const WAIT_FACTOR = 1.4;

/** Pods that hold or will hold clients: what is on its way out ends by itself. */
export function alive(pods: readonly FleetPod[]): FleetPod[] {
  return pods.filter(pod => !pod.terminating);
}

/** The intents of `pods` as they stand: what has begun and goes on. */
export function intentsOf(pods: readonly FleetPod[]): Map<string, TrafficIntent> {
  return new Map(pods.flatMap(({ name, intent }) => (intent ? [[name, intent] as const] : [])));
}

/** Whether new connections reach `pod` now. */
export function takesClients(pod: FleetPod): boolean {
  return pod.ready && pod.offered && pod.intent === undefined;
}

/** True if a gateway that takes no clients only waits, for its node or for NATS, which is no step towards its end. */
export function standsBy({ reason }: TrafficIntent): boolean {
  return reason === 'NodeDrain' || reason === 'CutOff';
}

/** Whether new connections no longer reach `pod`: no EndpointSlice offers it, and load balancers have had time to hear. */
export function isShut(pod: FleetPod, { serving, servingSince, settings, now }: FleetInput): boolean {
  if (!pod.running) return true;
  if (pod.offered || (pod.ready && pod.selectable && isServing(pod, serving))) return false;
  // It closes already, so it was shut before: a new operator need not wait again.
  if (pod.intent?.keep !== undefined) return true;
  if (pod.unofferedSince === undefined) return false;
  // A Service that moved twice in a moment may still be about to offer it.
  const since = isServing(pod, serving) ? pod.unofferedSince : Math.max(pod.unofferedSince, servingSince);
  return now - since >= settings.drain.delaySeconds * 1_000;
}

/** Whether `pod` may be removed: it holds nothing, or it had its time. Its deletion cost makes it the first to go among the ready. */
export function isFinished(pod: FleetPod, input: FleetInput): boolean {
  if (!pod.running) return true;
  if (pod.intent?.keep !== 0 || !isShut(pod, input)) return false;
  // It was empty when it was asked, and may have been still open to those on their way to it.
  const isEmpty = pod.connections === 0 && (pod.refusing ?? !pod.ready);
  return isEmpty || hadItsTime(pod, input.now);
}

/** Whether the time is over that was given to what `pod` does. */
function hadItsTime({ intent, intentSince }: FleetPod, now: number): boolean {
  if (intent?.waitSeconds === undefined || intentSince === undefined) return false;
  return now - intentSince >= intent.waitSeconds * 1_000;
}

export interface ClosingOptions {
  readonly reason: TrafficIntent['reason'];
  /** Most connections to close a second, over all of `pods`. */
  readonly perSecond: number;
  /** Seconds over which one gateway is emptied if the rate allows. */
  readonly overSeconds: number;
  /** Connections it keeps. */
  readonly keep: (pod: FleetPod) => number;
}

/** A time of day as people read it. */
export const iso = (wall: number) => new Date(wall).toISOString();
const excessOf = (pod: FleetPod, keep: number) => Math.max(0, (pod.connections ?? 0) - keep);

/** Seconds a gateway may take to close what it would close in `seconds` at its pace. */
export function longestSeconds(seconds: number): number {
  return Math.ceil(seconds * WAIT_FACTOR + WAIT_MARGIN_SECONDS);
}

/** The intent with which `pod` takes no new clients and keeps those it has. */
export function shutting({ intent }: FleetPod, { wall }: FleetInput, reason: TrafficIntent['reason']): TrafficIntent {
  if (intent?.reason !== reason) return { reason, since: iso(wall) };
  return intent.keep === undefined ? intent : { reason, since: intent.since };
}

/**
 * What `pods` are to do that are emptied together: first none of them takes new connections, and only when all are shut does
 * the first one close any, so that no client moves from one of them to another.
 */
export function closing(pods: readonly FleetPod[], input: FleetInput, options: ClosingOptions): Intents {
  const { reason } = options;
  const intents = new Map<string, TrafficIntent>();
  const rates = pace(mayClose(pods, input, options), input, options);
  for (const pod of pods) {
    const current = pod.intent?.reason === reason ? pod.intent : undefined;
    const keep = options.keep(pod);
    const perSecond = rates.get(pod.name);
    const shut = shutting(pod, input, reason);
    const { since } = shut;
    if (perSecond === undefined) intents.set(pod.name, shut);
    else if (current?.keep === keep && current.perSecond === perSecond && current.waitSeconds !== undefined)
      intents.set(pod.name, current);
    else {
      const waitSeconds = longestSeconds(Math.max(options.overSeconds, excessOf(pod, keep) / perSecond));
      const deadline = iso(input.wall + waitSeconds * 1_000);
      intents.set(pod.name, { reason, since, keep, perSecond, waitSeconds, deadline });
    }
  }
  return intents;
}

/** The same for gateways that are to hold nobody in the end, as `gateway.drain` wants it. */
export function emptying(pods: readonly FleetPod[], input: FleetInput, reason: TrafficIntent['reason']): Intents {
  const { reconnectsPerSecond: perSecond, timeoutSeconds: overSeconds } = input.settings.drain;
  return closing(pods, input, { reason, perSecond, overSeconds, keep: () => 0 });
}

/**
 * All of `pods` once they are shut. Those that close already go on while others are out of the slices, but perhaps not for
 * long enough: a new operator does not know since when.
 */
function mayClose(pods: readonly FleetPod[], input: FleetInput, options: ClosingOptions): readonly FleetPod[] {
  const open = pods.filter(pod => !isShut(pod, input));
  if (open.length === 0) return pods;
  const waits = (pod: FleetPod) => !pod.offered && pod.intent?.reason === options.reason;
  return open.every(waits) ? pods.filter(pod => paceOf(pod, options) !== undefined) : [];
}

/** Whether `pod` closes already for the same purpose: its pace stands until there is much to gain. */
function paceOf(pod: FleetPod, { reason, keep }: ClosingOptions): number | undefined {
  return pod.intent?.reason === reason && pod.intent.keep === keep(pod) ? pod.intent.perSecond : undefined;
}

/** Shares the rate: who closes goes on, the rest goes to those that begin, what then is left makes slow ones faster. */
function pace(pods: readonly FleetPod[], input: FleetInput, options: ClosingOptions): Map<string, number> {
  const { keep, overSeconds } = options;
  const rates = new Map<string, number>();
  let left = options.perSecond;
  const open = pods.filter(pod => !isFinished(pod, input));
  // A finished one keeps its intent, and its share is free.
  for (const pod of pods) if (!open.includes(pod)) rates.set(pod.name, paceOf(pod, options) ?? 1);
  const wish = (pod: FleetPod) => Math.max(1, Math.ceil(excessOf(pod, keep(pod)) / overSeconds));
  for (const pod of open) {
    const rate = paceOf(pod, options);
    if (rate === undefined || rate > left) continue;
    rates.set(pod.name, rate);
    left -= rate;
  }
  const beginning = open.filter(pod => !rates.has(pod.name));
  const wishes = beginning.reduce((sum, pod) => sum + wish(pod), 0);
  const scale = Math.min(1, left / Math.max(1, wishes));
  for (const pod of beginning) {
    const rate = Math.max(1, Math.floor(wish(pod) * scale));
    if (rate > left) continue;
    rates.set(pod.name, rate);
    left -= rate;
  }
  for (const pod of open) {
    const rate = rates.get(pod.name);
    if (rate === undefined || beginning.includes(pod)) continue;
    const faster = Math.min(wish(pod), rate + left);
    // A small gain is not worth a write.
    if (faster < rate * 2) continue;
    rates.set(pod.name, faster);
    left -= faster - rate;
  }
  return rates;
}
