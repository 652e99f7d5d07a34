import type { Clock } from '../time/clock.ts';
import type { EphemeralBus } from './bus.ts';
import { batchOf } from './event.ts';

/** Events that are lost before NATS has them. `full`: a batch has no room for them. `nats`: NATS is away. */
export type Unsent = 'full' | 'nats';

export interface BatchesOptions {
  readonly bus: EphemeralBus;
  readonly after: Clock['after'];
  /** Counts events that are lost here. */
  readonly lost: (reason: Unsent, events: number) => void;
}

/** Time in which events for a gateway are collected: a person does not notice it, and a storm becomes 20 messages a second. */
const COLLECT_MS = 50;

interface Batch {
  readonly events: string[];
  bytes: number;
}

/** Events on their way to other gateways: one message of at most {@link EphemeralBus.mostBytes} to each in 50 ms. */
export class Batches {
  readonly #options: BatchesOptions;
  readonly #batches = new Map<string, Batch>();
  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /** Sends an event to a gateway within 50 ms. @param event JSON */
  add(gateway: string, event: string): void {
    const { bus, lost } = this.#options;
    const bytes = Buffer.byteLength(event) + 1;
    const batch = this.#batches.get(gateway) ?? { events: [], bytes: batchOf([]).length };
    if (batch.bytes + bytes > bus.mostBytes()) return lost('full', 1);
    batch.events.push(event);
    batch.bytes += bytes;
    if (batch.events.length === 1) this.#begin(gateway, batch);
  }

  #begin(gateway: string, batch: Batch): void {
    this.#batches.set(gateway, batch);
    this.#options.after(COLLECT_MS, () => {
      this.#batches.delete(gateway);
      const { bus, lost } = this.#options;
      if (!bus.send(gateway, batchOf(batch.events))) lost('nats', batch.events.length);
    });
  }
}
