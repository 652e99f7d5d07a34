import { steady } from './steady-storage.ts';
import type { KeyValue } from './storage.ts';

/** Offset up to which a user has read a room, in storage. */
export class ReadMark {
  readonly #storage: KeyValue;
  readonly #key: string;
  readonly #onRead: (offset: number) => void;
  #offset: number | null;

  /** @param onRead called with the offset of the last message of {@link advance}, moved or not */
  constructor(storage: KeyValue, user: string, room: string, onRead: (offset: number) => void = () => undefined) {
    this.#onRead = onRead;
    this.#storage = steady(storage);
    this.#key = `chatcluster/read/${encodeURIComponent(user)}/${room}`;
    const saved = Number(this.#storage.get(this.#key) ?? Number.NaN);
    this.#offset = Number.isSafeInteger(saved) ? saved : null;
  }

  /** Offset of the mark; null before the room was loaded for the first time. */
  get offset(): number | null {
    return this.#offset;
  }

  /**
   * Sets the mark when the room is loaded, if there is none: a room that is new to the user begins as read. A mark above the
   * top belongs to an earlier stream and is set to the top.
   * @param top highest offset of the room; null for an empty one
   */
  begin(top: number | null): void {
    if (top !== null && (this.#offset === null || this.#offset > top)) this.#save(top);
  }

  /** Moves the mark forward. @param message offset of the last message that the user has read with it @returns true if it moved */
  advance(offset: number, message?: number): boolean {
    if (message !== undefined) this.#onRead(message);
    if (this.#offset !== null && offset <= this.#offset) return false;
    this.#save(offset);
    return true;
  }

  #save(offset: number): void {
    this.#offset = offset;
    this.#storage.set(this.#key, String(offset));
  }
}
