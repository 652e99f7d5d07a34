/** Status message with which the server ends a pull. */
export interface PullStatus {
  readonly code: number;
  readonly description: string;
  /** Header `Nats-Pending-Messages`: number of requested messages that are not sent; empty without the header. */
  readonly unsent: string;
}

const NO_MESSAGES = 404;
const REQUEST_TIMEOUT = 408;
const CONFLICT = 409;

/**
 * Total number of messages of a pull, from the status that ends it. With several replicas the status may arrive before the
 * messages, which wait for the quorum: so it is not always the last answer. Pure.
 * @param batch number of messages requested
 * @returns null if the request failed
 */
export function messagesOfPull(status: PullStatus, batch: number): number | null {
  const { code, description, unsent } = status;
  const limited = code === CONFLICT && /^batch completed|exceeds maxbytes/i.test(description);
  if (code !== NO_MESSAGES && code !== REQUEST_TIMEOUT && !limited) return null;
  return /^\d{1,9}$/.test(unsent) ? Math.max(0, batch - Number(unsent)) : 0;
}
