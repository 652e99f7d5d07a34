import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { isServing } from '../api/serving.ts';
import type { FleetInput, FleetPod } from './fleet.ts';

type Intents = ReadonlyMap<string, TrafficIntent>;

/** Seconds a gateway may take beyond its pace before it is removed with the clients it has. */
const WAIT_MARGIN_SECONDS = 10;
/** Factor for the fact that a gateway stays somewhat below its pace, so that no second exceeds it. */
const WAIT_FACTOR = 1.4;

/** Pods that have or will have clients. A terminating pod ends by itself. */
export function alive(pods: readonly FleetPod[]): FleetPod[] {
  return pods.filter(pod => !pod.terminating);
}

/** Current intents of `pods`: what has begun goes on. */
export function intentsOf(pods: readonly FleetPod[]): Map<string, TrafficIntent> {
  return new Map(pods.flatMap(({ name, intent }) => (intent ? [[name, intent] as const] : [])));
}

/** True if new connections reach `pod` now. */
export function takesClients(pod: FleetPod): boolean {
  return pod.ready && pod.offered && pod.intent === undefined;
}

/** True if a gateway with this intent only stands by, for its node or for NATS. That is not a step towards its end. */
export function standsBy({ reason }: TrafficIntent): boolean {
  return reason === 'NodeDrain' || reason === 'CutOff';
}

/**
 * True if new connections no longer reach `pod`: no EndpointSlice offers it, and load balancers have had time to notice.
 */
export function isShut(pod: FleetPod, { serving, servingSince, settings, now }: FleetInput): boolean {
  if (!pod.running) return true;
  if (pod.offered || (pod.ready && pod.selectable && isServing(pod, serving))) return false;
  // It closes connections already, so it was shut before. A new operator need not wait again.
  if (pod.intent?.keep !== undefined) return true;
  if (pod.unofferedSince === undefined) return false;
  // A Service that moved twice in a moment may still be about to offer the gateway.
  const since = isServing(pod, serving) ? pod.unofferedSince : Math.max(pod.unofferedSince, servingSince);
  return now - since >= settings.drain.delaySeconds * 1_000;
}

/**
 * True if `pod` may be removed: it has no clients, or its time is over. Its deletion cost makes it the first of the ready
 * pods to go.
 */
export function isFinished(pod: FleetPod, input: FleetInput): boolean {
  if (!pod.running) return true;
  if (pod.intent?.keep !== 0 || !isShut(pod, input)) return false;
  // The gateway was empty when it was asked. Clients on their way to it may have come since, unless it refuses them.
  const isEmpty = pod.connections === 0 && (pod.refusing ?? !pod.ready);
  return isEmpty || isOverdue(pod, input.now);
}

/** True if the time given to the intent of the pod is over. */
function isOverdue({ intent, intentSince }: FleetPod, now: number): boolean {
  if (intent?.waitSeconds === undefined || intentSince === undefined) return false;
  return now - intentSince >= intent.waitSeconds * 1_000;
}

/** Pace and goal of closing connections. */
export interface ClosingOptions {
  readonly reason: TrafficIntent['reason'];
  /** Most connections to close per second, over all of `pods`. */
  readonly perSecond: number;
  /** Seconds in which one gateway is emptied if the rate allows. */
  readonly overSeconds: number;
  /** Connections that a gateway keeps. */
  readonly keep: (pod: FleetPod) => number;
}

/** Time of day in ISO 8601. */
export const isoTime = (wall: number) => new Date(wall).toISOString();
const excessOf = (pod: FleetPod, keep: number) => Math.max(0, (pod.connections ?? 0) - keep);

/** Longest time a gateway may take, in seconds, if closing takes `seconds` at its pace. */
export function longestSeconds(seconds: number): number {
  return Math.ceil(seconds * WAIT_FACTOR + WAIT_MARGIN_SECONDS);
}

/** Intent with which `pod` takes no new clients and keeps those it has. */
export function shutIntent({ intent }: FleetPod, { wall }: FleetInput, reason: TrafficIntent['reason']): TrafficIntent {
  if (intent?.reason !== reason) return { reason, since: isoTime(wall) };
  return intent.keep === undefined ? intent : { reason, since: intent.since };
}

/**
 * Intents of gateways that are emptied together. First none of them takes new connections; only when all are shut does the
 * first one close connections. So no client moves from one of them to another.
 */
export function closeIntents(pods: readonly FleetPod[], input: FleetInput, options: ClosingOptions): Intents {
  const { reason } = options;
  const intents = new Map<string, TrafficIntent>();
  const rates = pace(mayClose(pods, input, options), input, options);
  for (const pod of pods) {
    const current = pod.intent?.reason === reason ? pod.intent : undefined;
    const keep = options.keep(pod);
    const perSecond = rates.get(pod.name);
    const shut = shutIntent(pod, input, reason);
    const { since } = shut;
    if (perSecond === undefined) intents.set(pod.name, shut);
    else if (current?.keep === keep && current.perSecond === perSecond && current.waitSeconds !== undefined)
      intents.set(pod.name, current);
    else {
      const waitSeconds = longestSeconds(Math.max(options.overSeconds, excessOf(pod, keep) / perSecond));
      const deadline = isoTime(input.wall + waitSeconds * 1_000);
      intents.set(pod.name, { reason, since, keep, perSecond, waitSeconds, deadline });
    }
  }
  return intents;
}

/** Intents of gateways that are to be empty in the end, at the pace of `gateway.drain`. */
export function emptyIntents(pods: readonly FleetPod[], input: FleetInput, reason: TrafficIntent['reason']): Intents {
  const { reconnectsPerSecond: perSecond, timeoutSeconds: overSeconds } = input.settings.drain;
  return closeIntents(pods, input, { reason, perSecond, overSeconds, keep: () => 0 });
}

/**
 * Pods that may close connections: all of them once all are shut. Before that, pods that close already go on if the others
 * are out of the EndpointSlices. A new operator does not know whether they have been out for long enough.
 */
function mayClose(pods: readonly FleetPod[], input: FleetInput, options: ClosingOptions): readonly FleetPod[] {
  const open = pods.filter(pod => !isShut(pod, input));
  if (open.length === 0) return pods;
  const waits = (pod: FleetPod) => !pod.offered && pod.intent?.reason === options.reason;
  return open.every(waits) ? pods.filter(pod => paceOf(pod, options) !== undefined) : [];
}

/**
 * Current pace of `pod` for the same purpose; undefined if it does not close yet. It stays until a change is worth a write.
 */
function paceOf(pod: FleetPod, { reason, keep }: ClosingOptions): number | undefined {
  return pod.intent?.reason === reason && pod.intent.keep === keep(pod) ? pod.intent.perSecond : undefined;
}

/**
 * Shares the rate between pods. Those that close already keep their pace, then beginning ones get theirs, and what is left
 * makes slow ones faster.
 */
function pace(pods: readonly FleetPod[], input: FleetInput, options: ClosingOptions): Map<string, number> {
  const { keep, overSeconds } = options;
  const rates = new Map<string, number>();
  let left = options.perSecond;
  const open = pods.filter(pod => !isFinished(pod, input));
  // A finished pod keeps its intent, and its share of the rate is free.
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
