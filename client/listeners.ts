/** Functions called, in order of arrival, whenever something happens. */
export class Listeners<T = void> {
  readonly #listeners = new Set<(event: T) => void>();

  /** The returned function removes the listener. */
  add(listener: (event: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(event: T): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
