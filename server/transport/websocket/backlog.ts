/** A connection whose end waits for its reader. */
export interface Closing {
  /** Bytes of memory, here and in the kernel, that wait for the reader. */
  pending(): number;
  /** Closes it without a code and gives up the rest. */
  cut(): void;
  /** Ends it now: with its code if that can still be sent, else as {@link cut}. */
  endNow(): void;
}

/** Unread bytes and pending ends of all connections of a listener. */
export class Backlog {
  /** Connections whose end waits until the reader has taken the rest. */
  readonly closing = new Set<Closing>();
  readonly #grown: (unread: number) => void;
  #unread = 0;

  /** @param grown called with the unread bytes whenever these grow; must not end a socket */
  constructor(grown: (unread: number) => void) {
    this.#grown = grown;
  }

  /** Counts unread bytes. @param bytes negative for bytes that were read */
  add(bytes: number): void {
    this.#unread += bytes;
    if (bytes > 0) this.#grown(this.#unread);
  }

  /** Ends the connections that still wait: the process is about to end. */
  endClosing(): void {
    for (const socket of [...this.closing]) socket.endNow();
  }
}
