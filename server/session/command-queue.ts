import type { Answered } from '../protocol/command.ts';

/** Bytes of frames that may wait behind a command. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly command: Answered;
  readonly bytes: number;
}

/**
 * Commands of one connection, in the order they came. A command that has to wait before its place is settled, for example a
 * token check, holds up the commands behind it.
 */
export class CommandQueue {
  readonly #run: (command: Answered) => Promise<void> | undefined;
  /** Commands that wait; null while none has to. */
  #waiting: Waiting[] | null = null;
  #bytes = 0;

  /** @param run handles a command; returns a promise, which never rejects, only if the commands behind it have to wait */
  constructor(run: (command: Answered) => Promise<void> | undefined) {
    this.#run = run;
  }

  /** Bytes of the commands that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Runs a command, at once or after those before it.
   * @param bytes share of the command in the frame it came in
   * @returns false if more waits than may: the connection has to be ended
   */
  add(command: Answered, bytes: number): boolean {
    if (this.#waiting) {
      this.#waiting.push({ command, bytes });
      this.#bytes += bytes;
      return this.#bytes <= MOST_WAITING_BYTES;
    }
    const wait = this.#run(command);
    if (wait) void this.#runQueued(wait);
    return true;
  }

  /** Drops the commands that wait: the connection is gone. */
  clear(): void {
    this.#waiting = null;
    this.#bytes = 0;
  }

  async #runQueued(wait: Promise<void>): Promise<void> {
    const waiting: Waiting[] = [];
    this.#waiting = waiting;
    await wait;
    for (let next = waiting.shift(); next && this.#waiting === waiting; next = waiting.shift()) {
      this.#bytes -= next.bytes;
      await this.#run(next.command);
    }
    if (this.#waiting === waiting) this.clear();
  }
}
