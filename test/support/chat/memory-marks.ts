import type { Mark } from '../../../server/fold/mark.ts';
import type { MarkKey, MarkStore, StoredMark } from '../../../server/membership/mark-store.ts';
import { PublishFailed, ReadFailed } from '../../../server/room/log.ts';

/** The stream MARKS in memory, with a count of its writes. */
export class MemoryMarks implements MarkStore {
  readonly #stored = new Map<string, StoredMark>();
  #revision = 0;
  /** Incarnation of the stream. */
  epoch = 'first';
  /** Writes so far, those that were refused included. */
  writes = 0;
  /** True as while NATS is away. */
  away = false;

  async read(keys: readonly MarkKey[]): Promise<readonly (StoredMark | null)[]> {
    if (this.away) throw new ReadFailed('NATS is away');
    return keys.map(key => this.#stored.get(nameOf(key)) ?? null);
  }

  async position() {
    if (this.away) throw new ReadFailed('NATS is away');
    return { epoch: this.epoch, sequence: this.#revision };
  }

  async write(key: MarkKey, mark: Mark, revision: number): Promise<number | null> {
    this.writes += 1;
    if (this.away) throw new PublishFailed('NATS is away');
    if ((this.#stored.get(nameOf(key))?.revision ?? 0) !== revision) return null;
    this.#revision += 1;
    this.#stored.set(nameOf(key), { ...mark, revision: this.#revision });
    return this.#revision;
  }

  /** Removes marks, as a worker does with the oldest. */
  remove(key: MarkKey): void {
    this.#stored.delete(nameOf(key));
  }
}

const nameOf = ({ user, room }: MarkKey) => `${user}\n${room}`;
