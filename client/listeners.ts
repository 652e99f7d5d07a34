/** Functions called, in order of arrival, whenever something happens. */
export class Listeners<T = void> {
  readonly #listeners = new Set<(event: T) => void>();

  /** The returned function removes the listener. */
  add(listener: (event: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What a listener throws is reported as an uncaught error, as by the platform's events: the others and the caller go on. */
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
