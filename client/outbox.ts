import { type Outgoing, readOutgoing } from './outgoing.ts';
import { type SteadyStorage, steady } from './steady-storage.ts';
import type { KeyValue } from './storage.ts';

/**
 * Unacknowledged messages and changes in storage, each under a key of its own, so that tabs of one user do not overwrite each
 * other's. Two tabs may send the same one: it has one id, so it is stored once, and in order, because a tab sends it only after
 * the one before it was answered.
 */
export class Outbox {
  readonly #storage: SteadyStorage;
  readonly #prefix: string;
  readonly #entries = new Map<string, Outgoing>();
  /** True once all that earlier pages left in storage has been read. */
  #loaded = false;

  /** @param user owner of the entries; those of other users in the same storage are not touched */
  constructor(storage: KeyValue, user: string) {
    this.#storage = steady(storage);
    this.#prefix = `chatcluster/outbox/${encodeURIComponent(user)}/`;
    this.#load();
  }

  /** Rooms with entries to send or to decide on. */
  rooms(): string[] {
    if (!this.#loaded) this.#load();
    return [...new Set([...this.#entries.values()].map(entry => entry.room))];
  }

  /** Entries of a room in the order they were written. */
  list(room: string): Outgoing[] {
    return [...this.#entries.values()].filter(entry => entry.room === room).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** First entry of a room that is to be sent, and that `fits`: all do by default. Entries that another tab has settled are dropped. */
  next(room: string, fits: (entry: Outgoing) => boolean = () => true): Outgoing | null {
    for (const entry of this.list(room)) {
      if (this.#storage.get(this.#prefix + entry.id) === null) {
        this.#entries.delete(entry.id);
        continue;
      }
      if (entry.refusal === null && fits(entry)) return entry;
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

  /** Gives an entry another id. An entry that another tab has settled is dropped. */
  renew(id: string, next: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    const settled = this.#storage.get(this.#prefix + id) === null;
    this.remove(id);
    if (!settled) this.add({ ...entry, id: next });
  }

  /** Sets or clears the refusal of an entry, if it is still there. */
  settle(id: string, refusal: Outgoing['refusal']): void {
    const entry = this.#entries.get(id);
    if (entry) this.add({ ...entry, refusal });
  }

  #load(): void {
    const { values, complete } = this.#storage.all(this.#prefix);
    for (const [key, text] of values) {
      const entry = readOutgoing(text);
      if (entry && key === this.#prefix + entry.id) this.#entries.set(entry.id, entry);
    }
    this.#loaded = complete;
  }
}
