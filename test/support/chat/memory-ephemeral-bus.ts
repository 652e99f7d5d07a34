import type { EphemeralBus } from '../../../server/ephemeral/bus.ts';

/** Batches between gateways of one process. They arrive in order, with {@link EphemeralNet.arrive}. */
export class EphemeralNet {
  readonly #receivers = new Map<string, (batch: string) => void>();
  readonly #waiting: (() => void)[] = [];
  /** Batches so far, as `gateway batch`. */
  readonly sent: string[] = [];
  /** False while NATS is away. */
  up = true;
  mostBytes = 256 * 1024;

  bus(): EphemeralBus {
    return {
      mostBytes: () => this.mostBytes,
      send: (gateway, batch) => {
        if (!this.up || Buffer.byteLength(batch) > this.mostBytes) return false;
        this.sent.push(`${gateway} ${batch}`);
        this.#waiting.push(() => this.#receivers.get(gateway)?.(batch));
        return true;
      },
      onBatch: (gateway, received) => void this.#receivers.set(gateway, received),
    };
  }

  /** Delivers what was sent. */
  arrive(): void {
    for (const deliver of this.#waiting.splice(0)) deliver();
  }
}
