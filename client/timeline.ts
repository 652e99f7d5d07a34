import { RoomFold } from '../server/fold/room-fold.ts';
import { entryOf, type Message } from './message.ts';
import type { Publication } from './transport.ts';

/**
 * Known messages of one room, in the order of their offsets. Above {@link floor} none is missing, except in the one gap that
 * {@link gap} names. Merges pages of history with recovered, live and acknowledged messages, and folds what changes them.
 */
export class Timeline {
  #messages: Message[] = [];
  #fold = new RoomFold();
  #offsetById = new Map<string, number>();
  #floor: number | null = null;
  #position = 0;
  #gap: number | null = null;

  /** Messages, ascending by offset. The array is replaced, never changed. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Lowest offset read; older pages end below it. Null before the first page. */
  get floor(): number | null {
    return this.#floor;
  }

  /** Highest offset that the room delivered; 0 before the first. */
  get position(): number {
    return this.#position;
  }

  /** Offset above which messages may be missing; null if none are. */
  get gap(): number | null {
    return this.#gap;
  }

  /** Merges a page of history, in either direction. */
  addPage(publications: readonly Publication[]): void {
    for (const { offset } of publications) this.#floor = Math.min(this.#floor ?? offset, offset);
    this.#merge(publications);
  }

  /** Merges a recovered or live publication. It does not set {@link floor}: older ones may be missing. */
  addLive(publication: Publication): void {
    this.#merge([publication]);
  }

  /**
   * Merges a message that was acknowledged before its publication came. A message below the floor is left to its page: taking
   * it now would hide the messages between.
   * @returns true if the message is in the timeline
   */
  addAcknowledged(message: Message): boolean {
    if (this.#floor === null || message.offset < this.#floor) return false;
    if (this.#isFirst(message)) for (const offset of this.#fold.addFolded(message, message.offset)) this.#show(offset);
    return true;
  }

  /** Opens a gap: the subscription is back without the messages published meanwhile. An open gap stays until it is filled. */
  openGap(): void {
    this.#gap ??= this.#position;
  }

  /** Fills the gap up to `offset`; without an offset, all of it. */
  fillGap(offset?: number): void {
    this.#gap = offset ?? null;
  }

  /** Forgets all messages: the next page is the first again. */
  reset(): void {
    this.#messages = [];
    this.#fold = new RoomFold();
    this.#offsetById = new Map();
    this.#floor = null;
    this.#position = 0;
    this.#gap = null;
  }

  #merge(publications: readonly Publication[]): void {
    for (const publication of publications) {
      this.#position = Math.max(this.#position, publication.offset);
      const entry = entryOf(publication);
      // The same id of another user is another message; the same id of one user is the same, whatever else is stored of it.
      if (!entry || (entry.type === 'message' && !this.#isFirst(entry))) continue;
      for (const offset of this.#fold.add(entry)) this.#show(offset);
    }
  }

  #isFirst({ user, id, offset }: Pick<Message, 'user' | 'id' | 'offset'>): boolean {
    const key = `${user} ${id}`;
    const known = this.#offsetById.get(key);
    if (known !== undefined && known !== offset) return false;
    this.#offsetById.set(key, offset);
    return true;
  }

  /** Shows the message at an offset as it is now, if it is known. */
  #show(offset: number): void {
    const message = this.#fold.message(offset);
    if (!message) return;
    const at = firstAtOrAbove(this.#messages, offset);
    const replaced = this.#messages[at]?.offset === offset ? 1 : 0;
    this.#messages = this.#messages.toSpliced(at, replaced, message);
  }
}

function firstAtOrAbove(messages: readonly Message[], offset: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((messages[middle]?.offset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
