import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../contract/traffic.ts';
import { parseAnnotations } from './annotations.ts';

/** What a gateway acts on of a {@link TrafficIntent}. With `keep` there is `perSecond`. */
export interface Wanted extends Pick<TrafficIntent, 'keep' | 'perSecond' | 'unselected'> {
  /** One of {@link TrafficIntent}, a word of a newer operator, or {@link UNREADABLE}. */
  readonly reason: string;
}

export const UNREADABLE = 'Unreadable';

const REASON = /^[A-Z][A-Za-z]{0,31}$/;

/**
 * The intent in the pod's annotations; null without one.
 *
 * Only one that says that the Service has let go of the pod leaves the gateway Ready; one that cannot be read does not, and
 * closes nothing. Somebody wanted this gateway to take no new clients, and taking them would move them twice; closing to a
 * wrong number could not be taken back. The price of being wrong is one gateway that stands by, and can be seen to.
 * @param text the downward API's file
 */
export function wantedTraffic(text: string): Wanted | null {
  const annotation = parseAnnotations(text).get(TRAFFIC_ANNOTATION);
  return annotation === undefined ? null : (parseIntent(annotation) ?? { reason: UNREADABLE });
}

/** Fields of a newer operator are ignored, and so are the times: they are its own memory. */
function parseIntent(json: string): Wanted | undefined {
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
