import { type Message, messageOf } from './message.ts';
import type { Publication } from './transport.ts';

/**
 * The messages of one room that are known, in the order of their offsets and without holes above {@link floor}, except
 * for the one named by {@link gap}. History pages, recovered, live and acknowledged messages are merged here.
 */
export class Timeline {
  #messages: Message[] = [];
  #offsetById = new Map<string, number>();
  #floor: number | null = null;
  #position = 0;
  #gap: number | null = null;

  /** Ascending by offset. The array is replaced, never changed. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Lowest offset read, from which older pages go on; null before the first page. */
  get floor(): number | null {
    return this.#floor;
  }

  /** Highest offset delivered by the room; 0 before the first. */
  get position(): number {
    return this.#position;
  }

  /** Messages directly above this offset may be missing; null when none are. */
  get gap(): number | null {
    return this.#gap;
  }

  /** Merges a page of history, in either direction. */
  addPage(publications: readonly Publication[]): void {
    for (const { offset } of publications) this.#floor = Math.min(this.#floor ?? offset, offset);
    this.#merge(publications);
  }

  /** Merges a publication that was recovered or came live. Before the first page it says nothing about older ones. */
  addLive(publication: Publication): void {
    this.#merge([publication]);
  }

  /**
   * Merges a message that was acknowledged before its publication came. One below the floor belongs to a page that is
   * not loaded yet: taking it would hide the messages between.
   * @returns whether the message is in the timeline
   */
  addAcknowledged(message: Message): boolean {
    if (this.#floor === null || message.offset < this.#floor) return false;
    this.#insert(message);
    return true;
  }

  /** The subscription came back without what was published meanwhile. The lowest open gap stands until it is filled. */
  openGap(): void {
    this.#gap ??= this.#position;
  }

  /** Everything up to `offset` is here; without an offset, everything. */
  fillGap(offset?: number): void {
    this.#gap = offset ?? null;
  }

  /** Forgets everything: the next page is the first again. */
  reset(): void {
    this.#messages = [];
    this.#offsetById = new Map();
    this.#floor = null;
    this.#position = 0;
    this.#gap = null;
  }

  #merge(publications: readonly Publication[]): void {
    for (const publication of publications) {
      this.#position = Math.max(this.#position, publication.offset);
      const message = messageOf(publication);
      if (message) this.#insert(message);
    }
  }

  #insert(message: Message): void {
    // The same id from another user is another message.
    const key = `${message.user} ${message.id}`;
    const known = this.#offsetById.get(key);
    if (known !== undefined && known !== message.offset) return;
    this.#offsetById.set(key, message.offset);
    const at = firstAtOrAbove(this.#messages, message.offset);
    const replaced = this.#messages[at]?.offset === message.offset ? 1 : 0;
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
