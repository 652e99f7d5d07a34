/** Map with a limited number of entries. Above it the entry is given up that was set longest ago. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #most: number;

  /** @param most entries, at least 1 */
  constructor(most: number) {
    super();
    this.#most = most;
  }

  /** Sets a value, and moves its key to the end of the order. */
  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    for (const oldest of this.keys()) {
      if (this.size <= this.#most) break;
      this.delete(oldest);
    }
    return this;
  }
}
