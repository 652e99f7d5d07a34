import { type Backoff, backoffMs } from '../../server/time/backoff.ts';
import { ApiError } from '../kube/api-error.ts';
import { type FailedWrite, failedWrite } from './write-failure.ts';

/** Time between two attempts of a failing write. */
const BACKOFF: Backoff = { baseMs: 500, maxMs: 60_000 };
/**
 * Time after a conflict: another writer, usually a controller that wrote a status, was faster, and the watch brings its
 * version.
 */
const AFTER_CONFLICT_MS = 500;
/** Conflicts in a row that count as coincidence; more get the backoff. */
const CONFLICTS_AT_ONCE = 5;
/**
 * Time after which a failure that may pass by itself is reported. A restart of the API server or of a webhook is shorter.
 */
const LASTS_MS = 10_000;

interface Entry {
  readonly failure: FailedWrite;
  /** Content of the write, as {@link Step.attempt}. */
  readonly attempt: string;
  /** Time of the first failure in a row, in milliseconds that never run backwards. */
  readonly since: number;
  /** Failures in a row of the same attempt. */
  readonly failures: number;
  readonly retryAt: number;
  readonly reported: boolean;
}

/**
 * Failing writes of one ChatCluster. Each is retried with a backoff of its own, so that the others go on. It may be lost:
 * then each write is tried at once and reported once more.
 */
export class FailedWrites {
  readonly #entries = new Map<string, Entry>();
  readonly #random: () => number;

  /** @param random number from 0 to 1, for the backoff */
  constructor(random: () => number) {
    this.#random = random;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** True if it is time to write `attempt` to `id`. An attempt other than the failed one is due at once. */
  isDue(id: string, attempt: string, now: number): boolean {
    const entry = this.#entries.get(id);
    return entry === undefined || entry.attempt !== attempt || now >= entry.retryAt;
  }

  /** Records that the write `attempt` to `id` failed. */
  note(id: string, attempt: string, error: unknown, now: number): void {
    const before = this.#entries.get(id);
    const failure = failedWrite(id, error);
    const failures = before?.attempt === attempt ? before.failures + 1 : 1;
    const answer = error instanceof ApiError ? error : undefined;
    const isConflict = answer?.code === 409 && failures <= CONFLICTS_AT_ONCE;
    const backoff = isConflict ? AFTER_CONFLICT_MS : backoffMs(BACKOFF, failures, this.#random());
    const waitMs = Math.max(backoff, answer?.retryAfterMs ?? 0);
    const reported = before?.failure.reason === failure.reason && before.reported;
    this.#entries.set(id, { failure, attempt, since: before?.since ?? now, failures, retryAt: now + waitMs, reported });
  }

  /** Forgets the failure of `id`. */
  succeeded(id: string): void {
    this.#entries.delete(id);
  }

  /** Forgets objects that are not to be written any more. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id);
  }

  /**
   * Failures to report in the status.
   * @param isKnown true if the status reports one already: then all are listed, also those too young to be reported
   */
  shown(now: number, isKnown: boolean): FailedWrite[] {
    return [...this.#entries.values()].filter(entry => isKnown || isShown(entry, now)).map(({ failure }) => failure);
  }

  /** Failures that are new in {@link shown}. Each is returned once. */
  news(now: number): FailedWrite[] {
    const fresh = [...this.#entries].filter(([, entry]) => !entry.reported && isShown(entry, now));
    for (const [id, entry] of fresh) this.#entries.set(id, { ...entry, reported: true });
    return fresh.map(([, { failure }]) => failure);
  }

  /** Milliseconds until the next retry or report; undefined when nothing fails. */
  againMs(now: number): number | undefined {
    const times = [...this.#entries.values()].map(entry => {
      const shownAt = isShown(entry, now) ? Number.POSITIVE_INFINITY : entry.since + LASTS_MS;
      return Math.min(entry.retryAt, shownAt) - now;
    });
    return times.length === 0 ? undefined : Math.max(0, Math.ceil(Math.min(...times)));
  }
}

function isShown({ failure, since }: Entry, now: number): boolean {
  return failure.reason !== 'WriteFailing' || now - since >= LASTS_MS;
}
