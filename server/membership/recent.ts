import { BoundedMap, type Weight } from '../room/bounded-map.ts';
import type { Moment } from '../time/clock.ts';

/** Most values that are kept. */
const MOST = 10_000;

interface Entry<V> {
  readonly value: V;
  readonly at: Moment;
}

/** Values by name that were loaded a short time ago, at most 10,000. The least recently loaded ones are given up. */
export class Recent<V> {
  readonly #entries: BoundedMap<string, Entry<V>>;
  readonly #ageMs: number;
  readonly #now: () => Moment;

  /**
   * @param ageMs age up to which {@link get} returns a value
   * @param weight limit of the memory of all values, of any age; null for values that are small
   */
  constructor(ageMs: number, now: () => Moment, weight: Weight<V> | null = null) {
    const ofEntry = weight && { of: ({ value }: Entry<V>) => weight.of(value), most: weight.most };
    this.#entries = new BoundedMap<string, Entry<V>>(MOST, ofEntry);
    this.#ageMs = ageMs;
    this.#now = now;
  }

  /** The value of a name, if it is young enough. */
  get(name: string): V | undefined {
    const entry = this.#entries.get(name);
    return entry && this.#now() - entry.at < this.#ageMs ? entry.value : undefined;
  }

  /** The value of a name, of any age. */
  last(name: string): V | undefined {
    return this.#entries.get(name)?.value;
  }

  /** @param at time of the question that the value answers */
  set(name: string, value: V, at: Moment): void {
    this.#entries.set(name, { value, at });
  }

  clear(): void {
    this.#entries.clear();
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }
}
