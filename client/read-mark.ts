import { steady } from './steady-storage.ts';
import type { KeyValue } from './storage.ts';

/** How far a user has read a room, kept in storage. */
export class ReadMark {
  readonly #storage: KeyValue;
  readonly #key: string;
  #offset: number | null;

  constructor(storage: KeyValue, user: string, room: string) {
    this.#storage = steady(storage);
    this.#key = `chatcluster/read/${encodeURIComponent(user)}/${room}`;
    const saved = Number(this.#storage.get(this.#key) ?? Number.NaN);
    this.#offset = Number.isSafeInteger(saved) ? saved : null;
  }

  /** Null until the room was loaded once. */
  get offset(): number | null {
    return this.#offset;
  }

  /**
   * Call with the room's highest offset once it is loaded. Everything counts as read in a room that is new to the user,
   * and a mark above the top is of a stream that is gone.
   */
  begin(top: number | null): void {
    if (top !== null && (this.#offset === null || this.#offset > top)) this.#save(top);
  }

  /** @returns whether the mark moved */
  advance(offset: number): boolean {
    if (this.#offset !== null && offset <= this.#offset) return false;
    this.#save(offset);
    return true;
  }

  #save(offset: number): void {
    this.#offset = offset;
    this.#storage.set(this.#key, String(offset));
  }
}
