import type { CallError } from './call-error.ts';
import type { Outbox, Outgoing } from './outbox.ts';
import { type RandomBytes, uuid7Source, uuid7Time } from './uuid7.ts';

const BAD_REQUEST = 107;
/** An id further ahead of the server than this was made before the server's time was known. */
const AHEAD_MS = 1_000;

const timeOf = (id: string) => uuid7Time(id) ?? -1;

/** The ids of a user's messages: they carry the server's time as far as it is known, and rise within what waits for a room. */
export class MessageIds {
  readonly #now: () => number;
  readonly #random: RandomBytes;
  #source: () => string;

  /** @param now the server's time, milliseconds since 1970 */
  constructor(now: () => number, random: RandomBytes) {
    this.#now = now;
    this.#random = random;
    this.#source = uuid7Source(now, random);
  }

  /** The server's time is known, or known anew: ids need not stay above those that were made by another. */
  restart(): void {
    this.#source = uuid7Source(this.#now, this.#random);
  }

  /** @param before id of the message before it in its room, if one waits */
  next(before?: string): string {
    const id = this.#source();
    return before === undefined || id > before ? id : uuid7Source(this.#now, this.#random, timeOf(before))();
  }

  /**
   * If a message was refused because its id is ahead of the server's time, gives new ids to it and to those behind it in its
   * room, in their order. Ids that were made offline by a clock that is fast are ahead. The refused message was stored
   * nowhere, and those behind it were never sent, so none of them comes twice.
   * @returns whether it did
   */
  renew(outbox: Outbox, refused: Outgoing, { code }: CallError): boolean {
    if (code !== BAD_REQUEST || timeOf(refused.id) <= this.#now() + AHEAD_MS) return false;
    const behind = outbox.list(refused.room).filter(({ id, refusal }) => refusal === null && id > refused.id);
    let last: string | undefined;
    for (const { id } of [refused, ...behind]) {
      last = this.next(last);
      outbox.renew(id, last);
    }
    return true;
  }
}
