import type { Reply } from '../protocol/codec.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Clock } from '../time/clock.ts';
import { inTime } from './in-time.ts';
import type { Slots } from './slots.ts';

/** The connection that reads. */
export interface Asker {
  readonly context: { readonly pages: Slots; readonly after: Clock['after'] };
  readonly gone: boolean;
  /** Resolves once the client reads what it was sent, or is gone. */
  writable(): Promise<void>;
  reply(id: number, reply: Reply): void;
  failed(id: number, error: unknown): void;
}

/** Bytes counted for a read of history that waits. */
const WAITING_READ_BYTES = 512;
/** Most reads of history of one connection that may wait. */
const MOST_WAITING_READS = 512;

/**
 * Pages that one client has asked for. They are read one after the other, and none while the client does not read, so that one
 * client has one read of the streams under way. Each is answered in time, see {@link inTime}; a page that was answered as too
 * late is not read.
 */
export class Reads {
  readonly #asker: Asker;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /** Bytes that the waiting reads take. */
  get bytes(): number {
    return this.#waiting * WAITING_READ_BYTES;
  }

  /** Reads a page after those before it, and answers with it. @throws {CommandError} 111 if too many wait already */
  add(id: number, read: () => Promise<Reply>): void {
    if (this.#waiting >= MOST_WAITING_READS)
      throw new CommandError(ERRORS.tooManyRequests, `at most ${MOST_WAITING_READS} reads of history may wait`);
    this.#waiting += 1;
    const asker = this.#asker;
    const { pages, after } = asker.context;
    let answered = false;
    const next = async () => {
      this.#waiting -= 1;
      if (!answered) await asker.writable();
      if (answered) return;
      await pages.run(async () => {
        if (asker.gone || answered) return;
        const page = await read();
        if (!answered) asker.reply(id, page);
      });
    };
    const done = this.#last.then(next);
    this.#last = done.catch(() => undefined); // answered below
    inTime(done, after).catch(error => {
      answered = true;
      asker.failed(id, error);
    });
  }
}
