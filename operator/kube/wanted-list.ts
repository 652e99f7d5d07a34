import { ApiError } from './api-error.ts';
import { IdleTimeoutError } from './idle-timeout.ts';
import { NEWEST_VERSION } from './list.ts';

/** Cause of a list of all objects: label of the metric `chatcluster_operator_lists_total`. */
export type ListCause = 'Start' | 'Expired' | 'Silence' | 'Outage' | 'Refused';

/** A list to make. */
export interface WantedList {
  readonly cause: ListCause;
  /** Oldest version that is good enough. */
  readonly version: string;
}

/** Time without a list or a watch after which a watch cannot resume: etcd keeps 5 minutes of changes. */
const OUTAGE_MS = 300_000;
/** Statuses from a server that does not understand the request; the same request gets them again. */
const NOT_UNDERSTOOD: readonly number[] = [400, 405, 422];

/** True if the server would answer the same request with the same error. */
export function isNotUnderstood(error: unknown): boolean {
  return error instanceof ApiError && NOT_UNDERSTOOD.includes(error.code);
}

/**
 * List to make after a list or a watch failed; undefined when the watch can resume from the known version.
 * @param wanted the list that failed; undefined when a watch failed
 * @param version newest known version
 * @param failingMs time for which every attempt has failed
 */
export function wantedAfter(
  error: unknown,
  wanted: WantedList | undefined,
  version: string,
  failingMs: number,
): WantedList | undefined {
  const isGone = error instanceof ApiError && (error.code === 410 || error.tooLargeVersion);
  // A list as new as the known version comes from the server's cache. If the cache lacks even that, ask for the newest.
  if (wanted) return isGone ? { ...wanted, version: NEWEST_VERSION } : wanted;
  if (isGone) return { cause: 'Expired', version };
  if (error instanceof IdleTimeoutError) return { cause: 'Silence', version };
  if (isNotUnderstood(error)) return { cause: 'Refused', version: NEWEST_VERSION };
  return failingMs >= OUTAGE_MS ? { cause: 'Outage', version } : undefined;
}
