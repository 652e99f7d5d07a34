import { ApiError } from './api-error.ts';
import { IdleTimeoutError } from './idle-timeout.ts';
import { NEWEST_VERSION } from './list.ts';

/** Why all objects of a kind are listed. */
export type ListCause = 'Start' | 'Expired' | 'Silence' | 'Outage' | 'Refused';

/** A list that is to be made. */
export interface WantedList {
  readonly cause: ListCause;
  /** It may be as old as this version. */
  readonly version: string;
}

/** After so long without a list or a watch, there is more to be told than a watch could go on with: etcd keeps 5 minutes. */
const OUTAGE_MS = 300_000;
/** Answers that the same request gets again: of a server that does not understand it. */
const NOT_UNDERSTOOD: readonly number[] = [400, 405, 422];

/** Whether the server would say the same again. */
export function isNotUnderstood(error: unknown): boolean {
  return error instanceof ApiError && NOT_UNDERSTOOD.includes(error.code);
}

/**
 * What to list after a list or a watch failed; undefined when the watch can go on from where it is.
 * @param wanted the list that failed; undefined when a watch did
 * @param version of what is known
 * @param failingMs how long everything has been failing
 */
export function wantedAfter(
  error: unknown,
  wanted: WantedList | undefined,
  version: string,
  failingMs: number,
): WantedList | undefined {
  const isGone = error instanceof ApiError && (error.code === 410 || error.tooLargeVersion);
  // A list that is as new as what is known can be had from the cache. If not even that is there, the newest is.
  if (wanted) return isGone ? { ...wanted, version: NEWEST_VERSION } : wanted;
  if (isGone) return { cause: 'Expired', version };
  if (error instanceof IdleTimeoutError) return { cause: 'Silence', version };
  if (isNotUnderstood(error)) return { cause: 'Refused', version: NEWEST_VERSION };
  return failingMs >= OUTAGE_MS ? { cause: 'Outage', version } : undefined;
}
