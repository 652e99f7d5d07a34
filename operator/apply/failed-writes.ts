import { type Backoff, backoffMs } from '../../server/time/backoff.ts';
import { ApiError } from '../kube/api-error.ts';
import { type FailedWrite, failedWrite } from './write-failure.ts';

/** Between two attempts of a write that failed. */
const BACKOFF: Backoff = { baseMs: 500, maxMs: 60_000 };
/** After somebody else wrote meanwhile, usually a controller a status: the watch brings it. */
const AFTER_CONFLICT_MS = 500;
/** Conflicts in a row that are taken for coincidence. */
const CONFLICTS_AT_ONCE = 5;
/** What may pass by itself is told when it has lasted so long: a restart of the API server, or of a webhook, is no news. */
const LASTS_MS = 10_000;

interface Entry {
  readonly failure: FailedWrite;
  /** What was to be written. */
  readonly attempt: string;
  /** Since when it fails, in milliseconds that never run backwards. */
  readonly since: number;
  /** Failures in a row. */
  readonly failures: number;
  readonly retryAt: number;
  readonly reported: boolean;
}

/**
 * The writes of one ChatCluster that fail, each tried again with a backoff of its own: the others go on as ever. It may be
 * lost: then each is tried at once, and told once more.
 */
export class FailedWrites {
  readonly #entries = new Map<string, Entry>();
  readonly #random: () => number;

  /** @param random from 0 to 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** Whether it is time to write `attempt` to `id`: another one than failed is tried at once. */
  isDue(id: string, attempt: string, now: number): boolean {
    const entry = this.#entries.get(id);
    return entry === undefined || entry.attempt !== attempt || now >= entry.retryAt;
  }

  /** The write `attempt` to `id` failed. */
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

  succeeded(id: string): void {
    this.#entries.delete(id);
  }

  /** Forgets what nobody wants to write any more. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id);
  }

  /** What a person should know. @param isKnown whether the operator before this one had told already */
  shown(now: number, isKnown: boolean): FailedWrite[] {
    return [...this.#entries.values()].filter(entry => isKnown || isShown(entry, now)).map(({ failure }) => failure);
  }

  /** What is {@link shown} and was not told before; it is told now. */
  news(now: number): FailedWrite[] {
    const fresh = [...this.#entries].filter(([, entry]) => !entry.reported && isShown(entry, now));
    for (const [id, entry] of fresh) this.#entries.set(id, { ...entry, reported: true });
    return fresh.map(([, { failure }]) => failure);
  }

  /** Milliseconds after which one is tried again or told; undefined when none fails. */
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
