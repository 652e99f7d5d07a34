/**
 * Batches of events between the gateways of one ChatCluster. They are not stored, and any may be lost. Those of one gateway to another
 * come in order. No call waits or throws.
 */
export interface EphemeralBus {
  /** Most bytes of one batch. May change with the connection to NATS. */
  readonly mostBytes: () => number;
  /** Sends a batch to one gateway. @returns false if it is certain not to arrive: NATS is away, or the batch is too large */
  send(gateway: string, batch: string): boolean;
  /**
   * Calls `received` for each batch to a gateway. An error of `received` is ignored: the batch counts as lost. Call once, before the
   * first {@link send}.
   */
  onBatch(gateway: string, received: (batch: string) => void): void;
}
