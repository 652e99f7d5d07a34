import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';

/** Bytes of messages of one connection that may wait behind look-ups. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** Messages of one connection on their way to rooms in which an id is being looked up: a lane a room, each in order. */
export class SendLanes {
  readonly #ends = new Map<string, Promise<void>>();
  #bytes = 0;

  /** Bytes that wait. */
  get waiting(): number {
    return this.#bytes;
  }

  /** True if a message to the room has to wait for those before it. */
  busy(room: string): boolean {
    return this.#ends.has(room);
  }

  /**
   * @param turn called when those before it are done; never rejects
   * @throws {CommandError} 111 when too much waits already
   */
  enter(room: string, bytes: number, turn: () => Promise<void>): void {
    if (this.#bytes + bytes > MOST_WAITING_BYTES)
      throw new CommandError(
        ERRORS.tooManyRequests,
        `at most ${MOST_WAITING_BYTES} bytes of messages may wait while old ids are looked up`,
      );
    this.#bytes += bytes;
    const end = (this.#ends.get(room) ?? Promise.resolve()).then(turn).then(() => {
      this.#bytes -= bytes;
      if (this.#ends.get(room) === end) this.#ends.delete(room);
    });
    this.#ends.set(room, end);
  }
}
