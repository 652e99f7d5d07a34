/** Message of a room that one client received; lists of it are in the order of arrival. */
export interface Received {
  readonly id: string;
  readonly offset: number;
}

/** Every way in which a delivery can be wrong, by client. Empty lists mean none. */
export interface Verdict {
  /** Acknowledged but not received. */
  readonly lost: readonly string[];
  /** Received more than once. */
  readonly repeated: readonly string[];
  /** Received with an offset that is not above the one before. */
  readonly reordered: readonly string[];
  /** Received with another offset than was acknowledged. */
  readonly moved: readonly string[];
}

/**
 * Compares what was acknowledged in one room with what every client of it received. Each client must have every
 * acknowledged message once, in the order of the offsets; messages whose answer never came may be there or not.
 */
export class Delivery {
  readonly #acknowledged = new Map<string, number>();
  readonly #clients = new Map<string, Received[]>();

  /** @param offset 0 if the answer does not carry it */
  acknowledged(id: string, offset = 0): void {
    this.#acknowledged.set(id, offset);
  }

  /** @returns what to call with everything the client receives */
  client(name: string): (id: string, offset: number) => void {
    const received: Received[] = [];
    this.#clients.set(name, received);
    return (id, offset) => void received.push({ id, offset });
  }

  received(name: string): readonly Received[] {
    return this.#clients.get(name) ?? [];
  }

  /** True if there are clients and each has every acknowledged message. */
  complete(): boolean {
    if (this.#clients.size === 0) return false;
    return [...this.#clients.values()].every(received => {
      if (received.length < this.#acknowledged.size) return false;
      const ids = new Set(received.map(({ id }) => id));
      return [...this.#acknowledged.keys()].every(id => ids.has(id));
    });
  }

  /** Counts for the message of a deadline that passes. */
  state(): object {
    const clients = [...this.#clients].map(([name, received]) => [name, received.length]);
    return { acknowledged: this.#acknowledged.size, received: Object.fromEntries(clients) };
  }

  /** @throws {Error} when there is nothing to judge: no client, or nothing acknowledged */
  verdict(): Verdict {
    if (this.#clients.size === 0 || this.#acknowledged.size === 0)
      throw new Error(`nothing to judge: ${JSON.stringify(this.state())}`);
    const lost: string[] = [];
    const repeated: string[] = [];
    const reordered: string[] = [];
    const moved: string[] = [];
    for (const [name, received] of this.#clients) {
      const seen = new Set<string>();
      let last = 0;
      for (const { id, offset } of received) {
        if (seen.has(id)) repeated.push(`${name}: ${id}`);
        seen.add(id);
        if (offset <= last) reordered.push(`${name}: ${id} at ${offset} after ${last}`);
        last = offset;
        const acknowledged = this.#acknowledged.get(id) ?? 0;
        if (acknowledged !== 0 && acknowledged !== offset)
          moved.push(`${name}: ${id} at ${offset}, not ${acknowledged}`);
      }
      for (const id of this.#acknowledged.keys()) if (!seen.has(id)) lost.push(`${name}: ${id}`);
    }
    return { lost, repeated, reordered, moved };
  }
}

export const FLAWLESS: Verdict = { lost: [], repeated: [], reordered: [], moved: [] };
