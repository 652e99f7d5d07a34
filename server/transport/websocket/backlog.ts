/** A socket whose end waits for its reader. */
export interface Closing {
  /** Bytes of memory, here and in the kernel, that wait for the reader. */
  pending(): number;
  cut(): void;
  endNow(): void;
}

/** Bytes that the sockets of a listener hold beyond those that uWS queues for their readers. */
export class Backlog {
  /** Sockets whose end waits until their reader has taken what is on its way. */
  readonly closing = new Set<Closing>();
  readonly #grown: (unread: number) => void;
  #unread = 0;

  /** @param grown called with the bytes that are not known to be read, whenever they become more; must not end sockets */
  constructor(grown: (unread: number) => void) {
    this.#grown = grown;
  }

  /** @param bytes more, or fewer, that are not known to be read */
  add(bytes: number): void {
    this.#unread += bytes;
    if (bytes > 0) this.#grown(this.#unread);
  }

  /** Ends the sockets that still wait: the process will not be there any longer. */
  endClosing(): void {
    for (const socket of [...this.closing]) socket.endNow();
  }
}
