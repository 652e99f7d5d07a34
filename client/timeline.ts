import type { Entry, ReactionEntry, ReplyTo } from '../server/fold/entry.ts';
import { RoomFold } from '../server/fold/room-fold.ts';
import { entryOf, type Message } from './message.ts';
import type { MessagePage } from './message-page.ts';
import type { Publication } from './transport.ts';

/**
 * Known messages of one room, in the order of their offsets. Above {@link floor} none is missing, except in the one gap that
 * {@link gap} names. Merges pages of history with recovered, live and acknowledged messages, and folds what changes them.
 */
export class Timeline {
  #messages: Message[] = [];
  #fold = new RoomFold();
  #offsetById = new Map<string, number>();
  /** Offsets of known messages below the floor, such as one that was deleted: they are shown once the messages between are read. */
  #below = new Set<number>();
  /** Messages that got a reaction of a user who may be among those that a page only counted, by offset. */
  #uncertain = new Map<number, ReplyTo>();
  #floor: number | null = null;
  #position = 0;
  #gap: number | null = null;

  /** Messages, ascending by offset. The array is replaced, never changed. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Lowest offset read, 0 once there is no older page; older pages end below it. Null before the first page. */
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
    for (const { offset } of publications) this.#lower(offset);
    for (const publication of publications) this.#merge(publication);
  }

  /** Merges a page of messages that the server folded. The entries above its position have to be added too. */
  addFolded({ messages, floor, upto }: MessagePage): void {
    if (floor !== null) this.#lower(floor);
    for (const message of messages) {
      this.#position = Math.max(this.#position, message.offset);
      if (!this.#isFirst(message)) continue;
      for (const offset of this.#fold.addFolded(message, upto)) this.#show(offset);
    }
  }

  /** Notes that there is no older page. */
  end(): void {
    this.#lower(0);
  }

  /** Merges a recovered or live publication. It does not set {@link floor}: older ones may be missing. */
  addLive(publication: Publication): void {
    this.#merge(publication);
  }

  /**
   * Merges an entry of this user that was acknowledged before its publication came. A message below the floor is left to its
   * page: taking it now would hide the messages between.
   */
  addAcknowledged(publication: Publication): void {
    const entry = entryOf(publication);
    if (!entry) return;
    const { offset, type } = entry;
    // The server's own, if it is here, has the server's time.
    if (type !== 'message' || (this.#reaches(offset) && !this.#fold.message(offset))) this.#add(entry);
  }

  /** Adds messages that were read one by one. Below the floor they are found, but not shown. */
  addSingle({ messages, upto }: MessagePage): void {
    for (const message of messages) for (const offset of this.#fold.addFolded(message, upto)) this.#showOrKeep(offset);
  }

  /** The message that a reply names, also below the floor; undefined if it is not known. */
  find({ offset, id }: ReplyTo): Message | undefined {
    const message = this.#fold.message(offset);
    return message?.id === id ? message : undefined;
  }

  get isUncertain(): boolean {
    return this.#uncertain.size > 0;
  }

  /** Messages whose reactions may be counted wrongly, to be read again by {@link addSingle}. Each is given once. */
  takeUncertain(): readonly ReplyTo[] {
    const taken = [...this.#uncertain.values()];
    this.#uncertain.clear();
    return taken;
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
    this.#below = new Set();
    this.#uncertain = new Map();
    this.#floor = null;
    this.#position = 0;
    this.#gap = null;
  }

  #merge(publication: Publication): void {
    this.#position = Math.max(this.#position, publication.offset);
    const entry = entryOf(publication);
    if (entry) this.#add(entry);
  }

  #add(entry: Entry): void {
    // The same id of another user is another message; the same id of one user is the same, whatever else is stored of it.
    if (entry.type === 'message' && !this.#isFirst(entry)) return;
    if (entry.type === 'reaction') this.#doubt(entry);
    for (const offset of this.#fold.add(entry))
      if (entry.type === 'message') this.#show(offset);
      else this.#showOrKeep(offset);
  }

  #doubt({ target, of, emoji, user }: ReactionEntry): void {
    const known = this.find({ offset: target, id: of })?.reactions.find(reaction => reaction.emoji === emoji);
    if (known?.more && known.users.every(by => by.user !== user))
      this.#uncertain.set(target, { offset: target, id: of });
  }

  #showOrKeep(offset: number): void {
    if (this.#reaches(offset) || this.#shows(offset)) this.#show(offset);
    else this.#below.add(offset);
  }

  #shows(offset: number): boolean {
    return this.#messages[firstAtOrAbove(this.#messages, offset)]?.offset === offset;
  }

  #reaches(offset: number): boolean {
    return this.#floor !== null && offset >= this.#floor;
  }

  #lower(offset: number): void {
    this.#floor = Math.min(this.#floor ?? offset, offset);
    for (const below of this.#below)
      if (this.#reaches(below)) {
        this.#below.delete(below);
        this.#show(below);
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
    this.#messages = this.#messages.toSpliced(at, this.#shows(offset) ? 1 : 0, message);
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
