/** Holder of bytes for a client: a connection, or a socket that is being closed. */
export interface Holder {
  pending(): number;
  /** Ends the connection, which frees the bytes. */
  cut(): void;
}

export interface SendBudgetOptions {
  /** Most bytes of all holders; read at each use. */
  readonly limit: () => number;
  readonly holders: () => Iterable<Holder>;
  /** Bytes of the pages that are being read for clients. */
  readonly pages: () => number;
  /** Calls `run` in a later tick, in which sockets may be ended. */
  readonly soon: (run: () => void) => void;
}

/** Share of the limit down to which connections are cut between two looks: else every frame after it would cut another. */
const BETWEEN = 0.9;

/**
 * Bytes that a gateway holds for all its clients: those that wait in sockets and queues, are sent and not known to be read, or
 * belong to sockets being closed and pages being read. Above the limit the connections that hold most are cut.
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

  /** Cuts connections above the limit. Call it once a second. @param share of the limit down to which it cuts */
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
