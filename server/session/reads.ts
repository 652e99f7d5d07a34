import type { Reply } from '../protocol/codec.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Clock } from '../time/clock.ts';
import { inTime } from './in-time.ts';
import type { Slots } from './slots.ts';

/** The connection that asks. */
export interface Asker {
  readonly context: { readonly pages: Slots; readonly after: Clock['after'] };
  readonly gone: boolean;
  /** Resolves when the client reads, or is gone. */
  writable(): Promise<void>;
  reply(id: number, reply: Reply): void;
  failed(id: number, error: unknown): void;
}

/** Bytes counted for a read of history that waits. */
const WAITING_READ_BYTES = 512;
/** Reads of history that may wait for their turn. */
const MOST_WAITING_READS = 512;

/**
 * The pages a client has asked for: read one after the other, and none while it does not read, because nobody may have a
 * thousand reads of the streams under way. Each is answered in time, see {@link inTime}; whose turn comes later is not read.
 */
export class Reads {
  readonly #asker: Asker;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /** What waits takes so many bytes. */
  get bytes(): number {
    return this.#waiting * WAITING_READ_BYTES;
  }

  /** @throws {CommandError} when too many wait already */
  add(id: number, read: () => Promise<Reply>): void {
    if (this.#waiting >= MOST_WAITING_READS)
      throw new CommandError(ERRORS.tooManyRequests, `at most ${MOST_WAITING_READS} reads of history may wait`);
    this.#waiting += 1;
    const asker = this.#asker;
    const { pages, after } = asker.context;
    let answered = false;
    const turn = async () => {
      this.#waiting -= 1;
      if (!answered) await asker.writable();
      if (answered) return;
      await pages.run(async () => {
        if (asker.gone || answered) return;
        const page = await read();
        if (!answered) asker.reply(id, page);
      });
    };
    const done = this.#last.then(turn);
    this.#last = done.catch(() => undefined); // told below
    inTime(done, after).catch(error => {
      answered = true;
      asker.failed(id, error);
    });
  }
}
