/** One operation on the database that has not ended. */
export interface PendingOperation {
  /** Start, milliseconds of a monotonic clock. */
  readonly at: number;
  /** Rejects the caller without an answer of the database; null for an operation that has to run to its end. */
  readonly giveUp: ((reason: string) => void) | null;
}

/** Time without any answer after which the database counts as slow. */
const SLOW_MS = 300;

/**
 * State of a database, learnt from how operations on it end: reachable, slow or unreachable. Gives up on pending operations when
 * it becomes unreachable. Takes the time as an argument: milliseconds of a monotonic clock.
 */
export class Reachability {
  readonly #pending = new Set<PendingOperation>();
  #outage: string | null = null;
  #answeredAt = Number.NEGATIVE_INFINITY;

  /** Reason why the database is unreachable; null if it is not known to be. */
  get outage(): string | null {
    return this.#outage;
  }

  /** True if the database is unreachable, or has answered nothing for 300 ms although an operation is pending. */
  quiet(now: number): boolean {
    if (this.#outage !== null) return true;
    const [oldest] = this.#pending;
    return oldest !== undefined && now - Math.max(oldest.at, this.#answeredAt) > SLOW_MS;
  }

  started(now: number, giveUp: PendingOperation['giveUp']): PendingOperation {
    const operation = { at: now, giveUp };
    this.#pending.add(operation);
    return operation;
  }

  /** Notes an answer of the database; an error that it returned is an answer too. */
  answered(operation: PendingOperation, now: number): void {
    this.#pending.delete(operation);
    this.#answeredAt = now;
    this.#outage = null;
  }

  /**
   * Notes an operation that got no answer.
   * @returns false if another operation that started later has been answered: then the failure is out of date
   */
  failed(operation: PendingOperation, reason: string): boolean {
    this.#pending.delete(operation);
    if (operation.at < this.#answeredAt) return false;
    this.lost(reason);
    return true;
  }

  /** Makes the database unreachable. */
  lost(reason: string): void {
    this.#outage = reason;
    for (const { giveUp } of this.#pending) giveUp?.(reason);
  }

  /** Makes the database reachable: a new connection was made. */
  connected(now: number): void {
    this.#answeredAt = now;
    this.#outage = null;
  }
}
