/**
 * Work of the leader. {@link Leader.run} calls `begin` and `end` in turns and never begins a new term before the last `end`
 * has resolved.
 */
export interface LeaderDuty {
  /** Starts the work of a term; returns at once and must not throw. */
  begin(): void;
  /** Stops the work of a term; resolves when all of it has ended, writes included. */
  end(): Promise<void>;
}

/** Decides which of several processes may write. No two of them may write at the same time. */
export interface Leader {
  /**
   * Leave for one write. Must be asked for right before every write, also before a retry.
   * @returns milliseconds after which the write must be given up, because another process may be leader by then
   * @throws {NotLeader} when this process must not write
   */
  mayWriteMs(): number;
  /**
   * Milliseconds since the last successful renewal was sent; undefined while this process is not leader, or needs no
   * renewal.
   */
  ageMs(): number | undefined;
  /**
   * Failure to find out which process leads: its duration in milliseconds and its reason; undefined after an attempt
   * succeeded.
   */
  trouble(): { readonly failingMs: number; readonly problem: string } | undefined;
  /**
   * Begins the duty when this process becomes leader and ends it when leadership is lost or `signal` aborts. Must be called
   * once; resolves after `signal` aborted, the duty ended and leadership was given up.
   */
  run(duty: LeaderDuty, signal: AbortSignal): Promise<void>;
}

/** Refusal of a write, because this process is not, or no longer, leader. */
export class NotLeader extends Error {
  constructor() {
    super('another operator may be leader');
    this.name = 'NotLeader';
  }
}

/** Leader of a process that is known to be the only one, as in tests. */
export const alwaysLeader: Leader = {
  mayWriteMs: () => Number.POSITIVE_INFINITY,
  ageMs: () => undefined,
  trouble: () => undefined,
  async run(duty, signal) {
    duty.begin();
    if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    await duty.end();
  },
};
