/** A holder of bytes for a reader: a connection, or a socket that is being closed. */
export interface Holder {
  pending(): number;
  /** Gives them up, and the connection with them. */
  cut(): void;
}

export interface SendBudgetOptions {
  /** Bytes; read at each use. */
  readonly limit: () => number;
  readonly holders: () => Iterable<Holder>;
  /** Bytes of the pages that are being read for clients. */
  readonly pages: () => number;
  /** Runs something once the sockets may be ended. */
  readonly soon: (run: () => void) => void;
}

/** Share of the limit down to which connections are cut between two looks, so that not each frame after it does it again. */
const BETWEEN = 0.9;

/**
 * The bytes a gateway holds for all its readers: what waits in sockets and queues, what is sent and not known to be read,
 * sockets that are being closed, and pages being read. Above the limit the connections that hold most are cut.
 */
export class SendBudget {
  readonly #options: SendBudgetOptions;
  #pending = 0;
  #due = false;

  constructor(options: SendBudgetOptions) {
    this.#options = options;
  }

  /** Bytes as of the last look. */
  get pending(): number {
    return this.#pending;
  }

  /** Looks again at once if unread bytes alone are above the limit. */
  grown(unread: number): void {
    if (this.#due || unread <= this.#options.limit()) return;
    this.#due = true;
    this.#options.soon(() => {
      this.#due = false;
      this.look(BETWEEN);
    });
  }

  /** Call once a second. Each holder is asked once. @param share of the limit that may be left once it was exceeded */
  look(share = 1): void {
    const holders: { readonly holder: Holder; readonly bytes: number }[] = [];
    let pending = this.#options.pages();
    for (const holder of this.#options.holders()) {
      const bytes = holder.pending();
      if (bytes === 0) continue;
      holders.push({ holder, bytes });
      pending += bytes;
    }
    const limit = this.#options.limit();
    if (pending > limit) {
      for (const { holder, bytes } of holders.sort((a, b) => b.bytes - a.bytes)) {
        if (pending <= limit * share) break;
        pending -= bytes;
        holder.cut();
      }
    }
    this.#pending = pending;
  }
}
