import type { CallError } from './call-error.ts';
import type { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import { type RandomBytes, uuid7Source, uuid7Time } from './uuid7.ts';

const BAD_REQUEST = 107;
/** Milliseconds ahead of the server's time. An id further ahead was made before that time was known. */
const AHEAD_MS = 1_000;

const timeOf = (id: string) => uuid7Time(id) ?? -1;

/** Ids of a user's messages and changes. They carry the server's time once it is known, and rise within the outbox of a room. */
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

  /** Starts over when the server has reported its time: new ids need not be above those made by another time. */
  restart(): void {
    this.#source = uuid7Source(this.#now, this.#random);
  }

  /** Makes an id. @param before id of the last waiting message in the room; undefined for none */
  next(before?: string): string {
    const id = this.#source();
    return before === undefined || id > before ? id : uuid7Source(this.#now, this.#random, timeOf(before))();
  }

  /**
   * Gives new ids to a message that was refused because its id is ahead of the server's time, and to those behind it in its
   * room, in their order. A fast clock makes such ids while offline. The refused message was not stored and those behind it
   * were not sent, so no message comes twice.
   * @returns true if the message was refused for that
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
