/** Gate that work waits at until it is open. Starts closed. */
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

  /** Resolves once the gate is open or `signal` aborts; check `signal` then. Never rejects. */
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
