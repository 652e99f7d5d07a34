import { steady } from '../../../client/steady-storage.ts';
import type { KeyValue } from '../../../client/storage.ts';
import { isRoom } from './room-name.ts';

const FIRST_VISIT = ['channel:general', 'channel:random'];

/** Most rooms that can be open: each is a subscription, and a gateway limits those of a connection. */
export const MAX_OPEN_ROOMS = 64;

/** The rooms that a user has open, kept in storage. */
export class OpenRooms {
  readonly #storage: KeyValue;
  readonly #key: string;
  #names: readonly string[];

  constructor(storage: KeyValue, user: string) {
    this.#storage = steady(storage);
    this.#key = `chatcluster/rooms/${encodeURIComponent(user)}`;
    this.#names = parse(this.#storage.get(this.#key)) ?? FIRST_VISIT;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** @returns false if there are {@link MAX_OPEN_ROOMS} already */
  add(name: string): boolean {
    if (this.#names.includes(name)) return true;
    if (this.#names.length >= MAX_OPEN_ROOMS) return false;
    this.#save([...this.#names, name]);
    return true;
  }

  remove(name: string): void {
    this.#save(this.#names.filter(known => known !== name));
  }

  #save(names: readonly string[]): void {
    this.#names = names;
    this.#storage.set(this.#key, JSON.stringify(names));
  }
}

function parse(text: string | null): string[] | null {
  try {
    const names: unknown = JSON.parse(text ?? 'null');
    return Array.isArray(names)
      ? names.filter(name => typeof name === 'string' && isRoom(name)).slice(0, MAX_OPEN_ROOMS)
      : null;
  } catch {
    return null;
  }
}
