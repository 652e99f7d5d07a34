/** Functions that are called on an event, in the order they were added. */
export class Listeners<T = void> {
  readonly #listeners = new Set<(event: T) => void>();

  /** Adds a listener. The returned function removes it. */
  add(listener: (event: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Calls all listeners. An error of one is reported as uncaught, as by the platform's events; the others are called. */
  emit(event: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
