import { isCut } from '../fold/room-state.ts';
import type { StateOf } from './counting.ts';
import type { LoggedDelete, RoomLog } from './log.ts';
import { ERASED, type StoredMessage } from './message.ts';
import { shareStarting } from './share-starting.ts';

/** Entry of a room, as far as it decides whether it may be served. */
export type Maskable = Pick<StoredMessage, 'offset' | 'type' | 'targets'>;

/** Deleted messages of a room. */
export class Mask {
  /** Offset up to which no delete is missing. */
  upto: number;
  readonly #targets: Set<number>;

  constructor(upto: number, targets: Iterable<number>) {
    this.upto = upto;
    this.#targets = new Set(targets);
  }

  get size(): number {
    return this.#targets.size;
  }

  /** True if the message at an offset is deleted. */
  has(offset: number): boolean {
    return this.#targets.has(offset);
  }

  /** True for an entry with a text that is deleted: a message, or an edit of one. */
  hides({ offset, type, targets }: Maskable): boolean {
    if (type === 'message') return this.has(offset);
    return type === 'edit' && targets.some(target => this.has(target));
  }

  /** Adds the targets of a delete. */
  add({ type, targets }: Maskable): void {
    if (type === 'delete') for (const target of targets) this.#targets.add(target);
  }
}

/** Rooms whose mask is kept: an open room that is read, or in which messages are edited. */
const MOST_ROOMS = 10_000;
/** Deleted messages of one mask that is kept; at 40 bytes each. A larger one is read again, without those that are erased. */
const MOST_TARGETS = 10_000;
/** Deleted messages of all masks that are kept. */
const MOST_TARGETS_OF_ALL = 500_000;

/** True for an entry whose text a mask may hide. */
const hasText = ({ type }: Maskable) => type === 'message' || type === 'edit';

/**
 * Masks of rooms: what is deleted must not be served from LOG or MongoDB, which may have the text still. Masks of the rooms that were
 * read last are kept; a kept one is used again if the leader of LOG has no entry of the room above it.
 */
export class Masks {
  readonly #log: Pick<RoomLog, 'deletions' | 'next'>;
  readonly #stateOf: StateOf;
  /** Kept masks, that used last at the end. */
  readonly #kept = new Map<string, Mask>();
  #targets = 0;
  readonly #wasRead: () => void;
  readonly #current = shareStarting((room: string) => this.#read(room));

  /** @param read called after each mask that was read anew */
  constructor(log: Pick<RoomLog, 'deletions' | 'next'>, stateOf: StateOf, read: () => void = () => undefined) {
    this.#log = log;
    this.#stateOf = stateOf;
    this.#wasRead = read;
  }

  /** Reads the mask of a room, as of a moment after the call. Rejects with {@link ReadFailed}, or as the source of states does. */
  of(room: string): Promise<Mask> {
    return this.#current(room);
  }

  /**
   * Leaves out of messages that were read what is deleted as of a moment after the call, and what the store has erased. Asks nothing
   * if there is no text among them. Rejects as {@link of} does.
   */
  async visible<T extends Maskable>(room: string, messages: readonly T[]): Promise<readonly T[]> {
    const left = messages.filter(({ type }) => type !== ERASED);
    if (!left.some(hasText)) return left;
    const mask = await this.of(room);
    // A delete among them may be younger than the mask.
    const own = new Mask(0, []);
    for (const message of left) own.add(message);
    return left.filter(message => !mask.hides(message) && !own.hides(message));
  }

  /**
   * Decides about an entry that follows `before` in its room, without a read.
   * @returns undefined if a delete up to `before` may be missing
   */
  hides(room: string, before: number, message: Maskable): boolean | undefined {
    const mask = this.#kept.get(room);
    return mask && mask.upto >= before ? mask.hides(message) : undefined;
  }

  /** Notes an entry that follows `before` in its room, so that the mask of an open room stays current. */
  follow(room: string, before: number, message: Maskable): void {
    const mask = this.#kept.get(room);
    if (!mask || mask.upto < before) return;
    this.#targets -= mask.size;
    mask.add(message);
    mask.upto = Math.max(mask.upto, message.offset);
    this.#targets += mask.size;
    if (mask.size > MOST_TARGETS) this.#forget(room);
  }

  async #read(room: string): Promise<Mask> {
    const known = this.#kept.get(room);
    if (known && (await this.#log.next(room, known.upto)) === 0) {
      if (this.#kept.get(room) === known) this.#keep(room, known);
      return known;
    }
    const { targets, recent, upto } = await this.#log.deletions(room);
    const counting = await this.#counting(room, recent);
    const mask = new Mask(upto, [...targets, ...counting.flatMap(each => each.targets)]);
    this.#wasRead();
    this.#keep(room, mask);
    return mask;
  }

  /** Leaves out deletes whose author was restricted before them: they delete nothing. */
  async #counting(room: string, deletes: readonly LoggedDelete[]): Promise<readonly LoggedDelete[]> {
    const last = deletes.at(-1);
    if (!last) return deletes;
    const state = await this.#stateOf(room, last.offset);
    return deletes.filter(each => !isCut(state, each));
  }

  #keep(room: string, mask: Mask): void {
    this.#forget(room);
    if (mask.size > MOST_TARGETS) return;
    this.#kept.set(room, mask);
    this.#targets += mask.size;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_ROOMS && this.#targets <= MOST_TARGETS_OF_ALL) return;
      this.#forget(oldest);
    }
  }

  #forget(room: string): void {
    this.#targets -= this.#kept.get(room)?.size ?? 0;
    this.#kept.delete(room);
  }
}
