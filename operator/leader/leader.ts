/** What a process does while it is leader. */
export interface LeaderDuty {
  /** Starts the work. */
  begin(): void;
  /** Resolves when all of it has ended. */
  end(): Promise<void>;
}

/** Decides which of several processes works. */
export interface Leader {
  /**
   * To be called right before every write.
   * @returns milliseconds after which the write must be given up, because another process may be leader by then
   * @throws {NotLeader} when this process must not write
   */
  mayWriteMs(): number;
  /** Milliseconds since the last renewal was asked for; undefined while this process is not leader, or needs no renewal. */
  ageMs(): number | undefined;
  /** For how long, in milliseconds, and why it cannot be found out who leads; undefined while it can. */
  trouble(): { readonly failingMs: number; readonly problem: string } | undefined;
  /** Begins and ends the duty as this process becomes leader and stops being it; ends it when `signal` aborts. */
  run(duty: LeaderDuty, signal: AbortSignal): Promise<void>;
}

/** This process is not, or no longer, the one that may write. */
export class NotLeader extends Error {
  constructor() {
    super('another operator may be leader');
    this.name = 'NotLeader';
  }
}

/** For a process that is known to be the only one, as in tests. */
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
