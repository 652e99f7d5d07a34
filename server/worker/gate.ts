/** Lets through while it is open. */
export class Gate {
  #waiting: (() => void)[] = [];
  #open = false;

  get isOpen(): boolean {
    return this.#open;
  }

  open(): void {
    this.#open = true;
    for (const go of this.#waiting.splice(0)) go();
  }

  close(): void {
    this.#open = false;
  }

  /** Resolves when it is open, or when `signal` aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    while (!this.#open && !signal.aborted) {
      await new Promise<void>(resolve => {
        const go = (): void => {
          signal.removeEventListener('abort', go);
          resolve();
        };
        this.#waiting.push(go);
        signal.addEventListener('abort', go, { once: true });
      });
    }
  }
}
