import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../../server/contract/traffic.ts';
import type { Pod } from './kube-object.ts';

/** The intent in the annotation of a pod; undefined without one, null if it cannot be read because others wrote it. */
export function trafficOf({ metadata }: Pod): TrafficIntent | null | undefined {
  const text = metadata.annotations?.[TRAFFIC_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as TrafficIntent | null) : null;
  } catch {
    return null;
  }
}
