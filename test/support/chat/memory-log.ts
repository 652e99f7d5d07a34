import {
  type Deletions,
  type LiveMessage,
  type Newest,
  type OffsetRange,
  type PartitionState,
  PublishFailed,
  ReadFailed,
  type RoomLog,
  type Stored,
  type Tops,
  type Watch,
} from '../../../server/room/log.ts';
import type { Envelope, StoredMessage } from '../../../server/room/message.ts';
import type { MemoryStore } from './memory-store.ts';

const bodyOf = (text: string) => new Uint8Array(Buffer.from(JSON.stringify(text)));

/** One partition of LOG and LIVE in memory: rooms share its sequence, answers take as long as {@link wait} says. */
export class MemoryLog implements RoomLog {
  readonly partitions = 1;
  epoch = 'first';
  /** Everything up to here is purged from LOG. */
  purged = 0;
  last = 0;
  /** Milliseconds in which LOG recognises a repeated id. */
  window = Number.POSITIVE_INFINITY;
  /** Offsets that neither LOG nor the store has any more. */
  lost: OffsetRange[] = [];
  /** First offset of the epoch. */
  from = 1;
  /** Messages that the worker has moved to the store. */
  floor = 0;
  /** Offset up to which workers have noted the last message of each room. */
  noted = 0;
  /** A replica that lags knows nothing above this offset. */
  replicaLast = Number.POSITIVE_INFINITY;
  up = true;
  /** Each answer takes this long to form, and as long again to arrive. */
  wait: () => Promise<void> = () => Promise.resolve();
  /** True makes a request fail. */
  fails: (request: string) => boolean = () => false;
  /** True loses a live message on its way. */
  loses: (offset: number) => boolean = () => false;
  /** LIVE has forgotten everything up to here. */
  forgotten = 0;
  /** Offsets of messages that clients cannot have for what is in them. */
  readonly unreadable = new Set<number>();
  /** Requests so far, by name. */
  readonly asked: string[] = [];
  /** Offsets that pages were read from. */
  readonly readFrom: number[] = [];
  readonly #messages: StoredMessage[] = [];
  /** All edits that ever were, with the message of each. */
  readonly #edits: Pick<StoredMessage, 'room' | 'offset' | 'targets'>[] = [];
  /** First offset from which on every purge was noted; null when the last one was not. */
  #notedFrom: number | null = 1;
  readonly #watches = new Map<string, Set<(message: LiveMessage) => void>>();
  readonly #store: MemoryStore;
  /** Deduplication keys of the window, with their offsets. */
  readonly #ids = new Map<string, number>();

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  partitionOf(): number {
    return 0;
  }
  /** The largest body that is taken. */
  most = Number.POSITIVE_INFINITY;
  mostBodyBytes(): number {
    return this.most;
  }
  connected(): boolean {
    return this.up;
  }

  /** Stores a message and sends it live, unless it gets lost. @returns its offset */
  append(room: string, text = `${this.last + 1}`): number {
    return this.#append(room, bodyOf(text), {});
  }

  /** Stores a message that clients cannot have. @returns its offset */
  appendUnreadable(room: string): number {
    this.unreadable.add(this.last + 1);
    return this.append(room);
  }

  #append(room: string, body: Uint8Array, parts: Partial<Envelope>): number {
    const previous = this.#messages.findLast(message => message.room === room)?.offset ?? 0;
    this.last += 1;
    const message: StoredMessage = {
      room,
      epoch: this.epoch,
      offset: this.last,
      type: parts.type ?? 'publish',
      id: parts.id ?? '',
      dedupe: parts.dedupe ?? '',
      time: parts.time ?? 0,
      user: parts.user ?? 'somebody',
      client: parts.client ?? 'a client',
      traceparent: '',
      cv: parts.cv ?? 0,
      seen: parts.seen ?? 0,
      targets: parts.targets ?? [],
      ...(parts.mentions ? { mentions: parts.mentions } : {}),
      body,
    };
    this.#messages.push(message);
    if (message.type === 'edit') this.#edits.push(message);
    if (!this.loses(message.offset)) this.live(message, previous > this.forgotten ? previous : 0);
    return message.offset;
  }

  /** Sends a message live, perhaps again. */
  live(message: StoredMessage, previous: number): void {
    if (this.unreadable.has(message.offset)) return;
    for (const live of this.#watches.get(message.room) ?? []) live({ message, previous });
  }

  /** The worker stores what is not stored, up to an offset. */
  storeUpTo(offset: number): void {
    for (const message of this.#messages)
      if (message.offset > this.floor && message.offset <= offset) this.#store.messages.push(message);
    this.floor = Math.max(this.floor, offset);
  }

  /**
   * Moves everything up to an offset from LOG to the store.
   * @param noted whether the last offsets of the rooms are noted, as a worker does
   */
  purge(upTo: number, noted = true): void {
    if (upTo <= this.purged) return;
    this.storeUpTo(upTo);
    if (!noted) this.#notedFrom = null;
    else {
      this.#notedFrom ??= this.purged + 1;
      this.noted = this.last;
    }
    this.purged = upTo;
  }

  /** Erases one message everywhere. */
  erase(offset: number): void {
    const index = this.#messages.findIndex(message => message.offset === offset);
    if (index >= 0) this.#messages.splice(index, 1);
    this.#store.erase(offset);
  }

  /** Removes the text of one message everywhere, as the worker does once it is deleted: LOG and LIVE have nothing of it then. */
  blank(offset: number): void {
    const message = this.#messages.find(each => each.offset === offset);
    if (message) this.#messages.splice(this.#messages.indexOf(message), 1);
    this.#store.blank(offset);
  }

  /** The deduplication window has passed. */
  forgetIds(): void {
    this.#ids.clear();
  }

  offsetsOf(room: string): number[] {
    return this.#messages.filter(message => message.room === room).map(({ offset }) => offset);
  }

  /** Offsets of the edits of a message, also of those that are erased. */
  editsOf(room: string, target: number): number[] {
    return this.#edits.filter(edit => edit.room === room && edit.targets.includes(target)).map(({ offset }) => offset);
  }

  /** Rooms that are watched. */
  get watched(): readonly string[] {
    return [...this.#watches.keys()];
  }

  async publish(room: string, body: Uint8Array, envelope: Envelope): Promise<Stored> {
    if (this.fails('publish')) throw new PublishFailed('refused');
    const known = envelope.dedupe === '' ? undefined : this.#ids.get(envelope.dedupe);
    const offset = known ?? this.#append(room, body, envelope);
    if (envelope.dedupe !== '') this.#ids.set(envelope.dedupe, offset);
    await this.wait();
    return { offset, epoch: this.epoch, duplicate: known !== undefined };
  }

  watch(room: string, live: (message: LiveMessage) => void): Watch {
    const all = this.#watches.get(room) ?? new Set();
    this.#watches.set(room, all.add(live));
    return {
      ready: () => this.#ask('ready', () => undefined),
      stop: () => {
        all.delete(live);
        if (all.size === 0) this.#watches.delete(room);
      },
    };
  }

  readAfter(room: string, after: number, limit: number) {
    this.readFrom.push(after);
    return this.#ask('readAfter', () => {
      const found = this.#held(room).filter(({ offset }) => offset > after && offset <= this.replicaLast);
      const page = found.slice(0, limit);
      return {
        messages: page.filter(({ offset }) => !this.unreadable.has(offset)),
        pending: found.length - page.length,
        reached: page.at(-1)?.offset ?? after,
      };
    });
  }

  readLastBelow(room: string, before: number) {
    return this.#ask('readLastBelow', () => {
      const readable = this.#held(room).filter(({ offset }) => !this.unreadable.has(offset));
      return readable.findLast(({ offset }) => offset < before && offset <= this.replicaLast) ?? null;
    });
  }

  top(room: string): Promise<number> {
    return this.#ask('top', () => this.#held(room).at(-1)?.offset ?? 0);
  }

  next(room: string, after: number): Promise<number> {
    return this.#ask('next', () => this.#held(room).find(({ offset }) => offset > after)?.offset ?? 0);
  }

  tops(_partition: number, rooms: readonly string[]): Promise<Tops> {
    return this.#ask('tops', () => {
      const last = (room: string) => this.#held(room).findLast(({ offset }) => offset <= this.replicaLast)?.offset ?? 0;
      const found = rooms.map(room => [room, last(room)] as const);
      return {
        offsets: new Map(found.filter(([, offset]) => offset > 0)),
        upTo: Math.min(this.last, this.replicaLast),
      };
    });
  }

  newest(_partition: number, rooms: readonly string[]): Promise<ReadonlyMap<string, Newest>> {
    return this.#ask('newest', () => {
      if (this.replicaLast < this.last) throw new ReadFailed('a replica lags');
      return new Map(rooms.map(room => [room, this.#newest(room)]));
    });
  }

  #newest(room: string): Newest {
    const all = this.#messages.filter(message => message.room === room);
    const last = this.#held(room).at(-1);
    const isNoted = this.noted >= (all.at(-1)?.offset ?? 0);
    const countable = isNoted ? (all.findLast(({ type }) => type === 'message')?.offset ?? 0) : null;
    return {
      top: Math.max(last?.offset ?? 0, countable ?? 0),
      entry: last && !this.unreadable.has(last.offset) ? last : null,
      countable,
    };
  }

  purgedTops(_partition: number, rooms: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#ask('purgedTops', () => {
      const from = this.#notedFrom ?? this.purged + 1;
      const last = (room: string) =>
        this.#messages.findLast(message => message.room === room && message.offset <= this.purged)?.offset ?? 0;
      return new Map(rooms.map(room => [room, Math.max(last(room), from - 1)]));
    });
  }

  deletions(room: string): Promise<Deletions> {
    return this.#ask('deletions', () => {
      const deletes = this.#messages.filter(each => each.room === room && each.type === 'delete');
      return { targets: [], recent: deletes, upto: this.last };
    });
  }

  state(): Promise<PartitionState> {
    return this.#ask('state', () => ({
      epoch: this.epoch,
      from: this.from,
      first: this.purged + 1,
      last: this.last,
      lost: this.lost,
    }));
  }

  async currentEpoch(): Promise<string> {
    return this.epoch;
  }

  dedupeMs(): number {
    return this.window;
  }

  storedFloor(): Promise<number> {
    return this.#ask('storedFloor', () => this.floor);
  }

  #held(room: string): StoredMessage[] {
    return this.#messages.filter(message => message.room === room && message.offset > this.purged);
  }

  async #ask<T>(request: string, answer: () => T): Promise<T> {
    this.asked.push(request);
    await this.wait();
    if (this.fails(request)) throw new ReadFailed(`no answer to ${request}`);
    const found = answer();
    await this.wait();
    return found;
  }
}
