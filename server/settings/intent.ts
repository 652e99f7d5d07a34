import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../contract/traffic.ts';
import { parseAnnotations } from './annotations.ts';

/** The fields of a {@link TrafficIntent} that a gateway acts on. `perSecond` is always set with `keep`. */
export interface GatewayIntent extends Pick<TrafficIntent, 'keep' | 'perSecond' | 'unselected'> {
  /** A reason of {@link TrafficIntent}, a reason of a newer operator, or {@link UNREADABLE}. */
  readonly reason: string;
}

/** Reason of an intent that could not be parsed. */
export const UNREADABLE = 'Unreadable';

const REASON = /^[A-Z][A-Za-z]{0,31}$/;

/**
 * Reads the traffic intent from the pod's annotations; null without one. An intent that cannot be parsed has the reason
 * {@link UNREADABLE} and nothing else: the gateway turns NotReady and closes no connection. The operator meant this gateway to
 * take no new clients, which would soon be moved again, and closing down to a wrong number cannot be undone. If that guess is
 * wrong, one gateway stands idle, visibly.
 * @param text content of the downward API's file
 */
export function intentIn(text: string): GatewayIntent | null {
  const annotation = parseAnnotations(text).get(TRAFFIC_ANNOTATION);
  return annotation === undefined ? null : (parseIntent(annotation) ?? { reason: UNREADABLE });
}

/** Ignores fields of a newer operator, and the times, which only the operator needs. Undefined if it cannot be parsed. */
function parseIntent(json: string): GatewayIntent | undefined {
  let intent: unknown;
  try {
    intent = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { reason, keep, perSecond, unselected } = (intent ?? {}) as Partial<Record<keyof TrafficIntent, unknown>>;
  if (typeof reason !== 'string' || !REASON.test(reason)) return undefined;
  const base = unselected === true ? { reason, unselected } : { reason };
  if (keep === undefined) return base;
  if (typeof keep !== 'number' || !Number.isSafeInteger(keep) || keep < 0) return undefined;
  if (typeof perSecond !== 'number' || !Number.isFinite(perSecond) || perSecond <= 0) return undefined;
  return { ...base, keep, perSecond };
}
