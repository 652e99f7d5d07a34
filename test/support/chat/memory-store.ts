import { addEntries, entriesOf } from '../../../server/chat/entries.ts';
import { type FoldedMessage, RoomFold } from '../../../server/fold/room-fold.ts';
import type { CountableMessage, CountReader } from '../../../server/room/counts.ts';
import { type HistoryStore, type SentKey, StoreUnavailable } from '../../../server/room/history-store.ts';
import { ERASED, type StoredMessage } from '../../../server/room/message.ts';
import type { FoldedPage, MessagePlace, PageRange, ViewReader } from '../../../server/room/views.ts';

type Range = Parameters<HistoryStore['read']>[1];

/** History in memory. */
export class MemoryStore implements HistoryStore, ViewReader, CountReader {
  /** Offset up to which the position says that entries are in the messages. */
  viewed = 0;
  /** Offset up to which they are. */
  applied = 0;
  readonly hides = new Map<string, number[]>();
  readonly messages: StoredMessage[] = [];
  up = true;
  /** Messages without a text that are left out of one page of folded ones. */
  mostLeftOut = Number.POSITIVE_INFINITY;
  /** Answers take this long. */
  wait: () => Promise<void> = () => Promise.resolve();
  /** Reads so far. */
  reads = 0;
  /** Counts so far. */
  counts = 0;

  quiet(): boolean {
    return !this.up;
  }

  async read(room: string, range: Range): Promise<StoredMessage[]> {
    this.reads += 1;
    await this.wait();
    const found = this.#in(room, range).sort((a, b) => a.offset - b.offset);
    return (range.reverse ? found.reverse() : found).slice(0, range.limit);
  }

  async count(room: string, range: Pick<Range, 'after' | 'before'>, most: number): Promise<number> {
    this.counts += 1;
    return Math.min(most, this.#in(room, range).length);
  }

  async findSent({ id, dedupe }: SentKey): Promise<Pick<StoredMessage, 'offset' | 'epoch'> | null> {
    this.#check();
    return this.messages.find(message => message.id === id && message.dedupe === dedupe) ?? null;
  }

  async viewedUpTo(): Promise<number> {
    this.#check();
    return this.viewed;
  }

  async readFolded(room: string, range: PageRange): Promise<FoldedPage> {
    await this.wait();
    const folded = new Map(this.#folded(room).map(message => [message.offset, message]));
    const inside = this.#in(room, range).filter(({ type }) => type === 'message');
    inside.sort((a, b) => (range.reverse ? b.offset - a.offset : a.offset - b.offset));
    const messages: FoldedMessage[] = [];
    let skippedTo: number | null = null;
    let leftOut = 0;
    for (const { offset } of inside) {
      if (messages.length === range.limit || skippedTo !== null) break;
      const message = folded.get(offset);
      if (message) messages.push(message);
      else if (++leftOut >= this.mostLeftOut) skippedTo = offset;
    }
    return { messages: messages.sort((a, b) => a.offset - b.offset), skippedTo };
  }

  async findFolded(room: string, offsets: readonly number[]): Promise<FoldedMessage[]> {
    return this.#folded(room).filter(({ offset }) => offsets.includes(offset));
  }

  async findEach(places: readonly MessagePlace[]): Promise<ReadonlyMap<string, FoldedMessage>> {
    this.reads += 1;
    const found = places.map(({ room, offset }) => {
      const message = this.#folded(room).find(each => each.offset === offset);
      return message ? ([room, message] as const) : null;
    });
    return new Map(found.filter(each => each !== null));
  }

  async hiddenOf(user: string, places: readonly MessagePlace[]): Promise<MessagePlace[]> {
    this.#check();
    return places.filter(({ room, offset }) => this.hides.get(`${user} ${room}`)?.includes(offset));
  }

  async hidden(user: string, room: string, from: number, to: number): Promise<number[]> {
    this.#check();
    return (this.hides.get(`${user} ${room}`) ?? []).filter(offset => offset >= from && offset <= to);
  }

  /** True while messages are not marked as countable, as beside workers of the release before. */
  uncounted = false;

  async countedUpTo(): Promise<number> {
    this.#check();
    return this.uncounted ? 0 : this.viewed;
  }

  async countable(room: string, { after, before, limit }: Parameters<CountReader['countable']>[1]) {
    this.counts += 1;
    const found = this.#folded(room).filter(
      ({ offset, deleted }) => offset > after && offset < before && deleted === 0,
    );
    return found
      .reverse()
      .slice(0, limit)
      .map(({ offset, user }): CountableMessage => ({ offset, user }));
  }

  async mentioning(room: string, user: string, { after, before }: Parameters<CountReader['mentioning']>[2]) {
    return this.#folded(room)
      .filter(({ offset, deleted }) => offset > after && offset < before && deleted === 0)
      .filter(({ mentions = [], all }) => all || mentions.includes(user))
      .map(({ offset, user: author }): CountableMessage => ({ offset, user: author }));
  }

  /** The worker applies entries up to an offset, and perhaps saves its position later. */
  apply(upTo: number, saved = upTo): void {
    this.applied = Math.max(this.applied, upTo);
    this.viewed = Math.max(this.viewed, saved);
  }

  #folded(room: string): FoldedMessage[] {
    const all = this.#in(room, { after: 0, before: Number.POSITIVE_INFINITY });
    const isIn = ({ type, offset }: StoredMessage) => type === 'message' || offset <= this.applied;
    return addEntries(new RoomFold(), entriesOf(all.filter(isIn))).messages();
  }

  /** Leaves the stub of a message, without its text. */
  blank(offset: number): void {
    const index = this.messages.findIndex(message => message.offset === offset);
    const message = this.messages[index];
    if (message) this.messages[index] = { ...message, type: ERASED, body: Buffer.from('null') };
  }

  erase(offset: number): void {
    const index = this.messages.findIndex(message => message.offset === offset);
    if (index >= 0) this.messages.splice(index, 1);
  }

  #in(room: string, { after, before }: Pick<Range, 'after' | 'before'>): StoredMessage[] {
    this.#check();
    return this.messages.filter(({ room: of, offset }) => of === room && offset > after && offset < before);
  }

  #check(): void {
    if (!this.up) throw new StoreUnavailable('switched off');
  }
}
