import { CLOSES, type CloseCode } from '../protocol/codes.ts';
import type { Moment } from '../time/clock.ts';

/** A connection that has not signed in. */
interface Opened {
  readonly openedAt: Moment;
  end(close: CloseCode): void;
}

/** Time to sign in before a full gateway takes another connection instead, in ms. */
const PATIENCE_MS = 2_000;

/** Connections that have not signed in, the oldest first. */
export class Unsigned {
  readonly #sessions = new Set<Opened>();
  readonly #most: () => number;
  readonly #ended: () => void;

  /**
   * @param most read at each use
   * @param ended called for each connection that is ended for another
   */
  constructor(most: () => number, ended: () => void) {
    this.#most = most;
    this.#ended = ended;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Adds a connection. Above the limit the oldest is ended. */
  add(session: Opened): void {
    this.#sessions.add(session);
    if (this.#sessions.size > this.#most()) this.#endFirst();
  }

  /** Removes a connection that has signed in, or is gone. */
  remove(session: Opened): void {
    this.#sessions.delete(session);
  }

  /** Ends the oldest connection if it had its time to sign in. @returns true if it was ended */
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
