import { CLOSES, type CloseCode } from '../protocol/codes.ts';
import type { Moment } from '../time/clock.ts';

/** A connection that has not signed in. */
interface Opened {
  readonly openedAt: Moment;
  end(close: CloseCode): void;
}

/** Time an honest client has to sign in before a full gateway takes another one in its place, in ms. */
const PATIENCE_MS = 2_000;

/** The connections that have not shown a good token yet, the one that waits longest first. */
export class Unsigned {
  readonly #sessions = new Set<Opened>();
  readonly #most: () => number;
  readonly #ended: () => void;

  /**
   * @param most read at each use
   * @param ended called for each connection that makes room for another
   */
  constructor(most: () => number, ended: () => void) {
    this.#most = most;
    this.#ended = ended;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Above the limit the one that waits longest is closed. */
  add(session: Opened): void {
    this.#sessions.add(session);
    if (this.#sessions.size > this.#most()) this.#endFirst();
  }

  /** Call when it has signed in, or is gone. */
  remove(session: Opened): void {
    this.#sessions.delete(session);
  }

  /** Closes the one that waits longest, if it had its time. @returns whether it did */
  endWaiting(now: number): boolean {
    const [first] = this.#sessions;
    if (!first || now - first.openedAt < PATIENCE_MS) return false;
    this.#endFirst();
    return true;
  }

  #endFirst(): void {
    const [first] = this.#sessions;
    if (!first) return;
    this.#sessions.delete(first);
    this.#ended();
    first.end(CLOSES.tooManyRequests);
  }
}
