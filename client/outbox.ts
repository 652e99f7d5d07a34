import { type SteadyStorage, steady } from './steady-storage.ts';
import type { KeyValue } from './storage.ts';

/** A message of this user that the server has not acknowledged yet. */
export interface Outgoing {
  /** Every try carries it, so that the room gets the message once. Another one only after a refusal because of it. */
  readonly id: string;
  readonly room: string;
  readonly text: string;
  /** Milliseconds since 1970 when it was written. */
  readonly time: number;
  /** Why the server refused it for good; it waits for the user's decision. Null: it is to be sent. */
  readonly refusal: { readonly code: number; readonly reason: string } | null;
}

/**
 * Keeps unacknowledged messages in storage, each under a key of its own, so that tabs of the same user never overwrite
 * each other's. Two tabs may send the same message; it carries one id, so the room gets it once, and in order, because a
 * tab sends a message only after its predecessor was answered.
 */
export class Outbox {
  readonly #storage: SteadyStorage;
  readonly #prefix: string;
  readonly #entries = new Map<string, Outgoing>();
  /** All that earlier pages left in storage is here. */
  #loaded = false;

  /** @param user whose messages these are; other users of the same storage are not touched */
  constructor(storage: KeyValue, user: string) {
    this.#storage = steady(storage);
    this.#prefix = `chatcluster/outbox/${encodeURIComponent(user)}/`;
    this.#load();
  }

  /** Rooms with something to send or decide. */
  rooms(): string[] {
    if (!this.#loaded) this.#load();
    return [...new Set([...this.#entries.values()].map(entry => entry.room))];
  }

  /** A room's entries in the order they were written. */
  list(room: string): Outgoing[] {
    return [...this.#entries.values()].filter(entry => entry.room === room).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The first entry of a room that is to be sent. One that another tab has settled meanwhile is dropped here. */
  next(room: string): Outgoing | null {
    for (const entry of this.list(room)) {
      if (this.#storage.get(this.#prefix + entry.id) === null) {
        this.#entries.delete(entry.id);
        continue;
      }
      if (entry.refusal === null) return entry;
    }
    return null;
  }

  add(entry: Outgoing): void {
    this.#entries.set(entry.id, entry);
    this.#storage.set(this.#prefix + entry.id, JSON.stringify(entry));
  }

  remove(id: string): void {
    this.#entries.delete(id);
    this.#storage.remove(this.#prefix + id);
  }

  /** Gives an entry another id. One that another tab has settled meanwhile is dropped. */
  renew(id: string, next: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    const settled = this.#storage.get(this.#prefix + id) === null;
    this.remove(id);
    if (!settled) this.add({ ...entry, id: next });
  }

  /** Sets or clears the refusal of an entry; nothing happens if it is gone. */
  settle(id: string, refusal: Outgoing['refusal']): void {
    const entry = this.#entries.get(id);
    if (entry) this.add({ ...entry, refusal });
  }

  #load(): void {
    const { values, complete } = this.#storage.all(this.#prefix);
    for (const [key, text] of values) {
      const entry = parse(text);
      if (entry && key === this.#prefix + entry.id) this.#entries.set(entry.id, entry);
    }
    this.#loaded = complete;
  }
}

function parse(text: string): Outgoing | null {
  try {
    const { id, room, text: body, time, refusal } = JSON.parse(text) as Record<string, unknown>;
    if (typeof id !== 'string' || typeof room !== 'string' || typeof body !== 'string') return null;
    const { code, reason } = (refusal ?? {}) as Record<string, unknown>;
    return {
      id,
      room,
      text: body,
      time: typeof time === 'number' ? time : 0,
      refusal: typeof code === 'number' ? { code, reason: String(reason ?? '') } : null,
    };
  } catch {
    return null;
  }
}
