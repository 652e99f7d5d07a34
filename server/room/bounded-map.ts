/** Weight of the values of a map. */
export interface Weight<V> {
  /** Weighs a value: at least 0, and always the same for one value. */
  readonly of: (value: V) => number;
  /** Most that all values together weigh. */
  readonly most: number;
}

/**
 * Map with a limited number of entries and, where their sizes differ, a limited weight. Above a limit the entries are given up that
 * were set longest ago. The latest one always stays, also a value that is heavier than the limit: the caller goes on with it.
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #most: number;
  readonly #weight: Weight<V> | null;
  #total = 0;

  /**
   * @param most entries, at least 1
   * @param weight null for values of about one size
   */
  constructor(most: number, weight: Weight<V> | null = null) {
    super();
    this.#most = most;
    this.#weight = weight;
  }

  /** Sets a value, and moves its key to the end of the order. */
  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    this.#total += this.#weight?.of(value) ?? 0;
    for (const oldest of this.keys()) {
      if (this.size <= this.#most && (this.#total <= (this.#weight?.most ?? 0) || this.size === 1)) break;
      this.delete(oldest);
    }
    return this;
  }

  override delete(key: K): boolean {
    if (this.#weight && this.has(key)) this.#total -= this.#weight.of(this.get(key) as V);
    return super.delete(key);
  }

  override clear(): void {
    super.clear();
    this.#total = 0;
  }
}
