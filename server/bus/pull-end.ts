/** A status message with which a server ends a pull. */
export interface PullStatus {
  readonly code: number;
  readonly description: string;
  /** The header `Nats-Pending-Messages`: messages of the request that are not sent; empty if the server does not say. */
  readonly unsent: string;
}

const NO_MESSAGES = 404;
const REQUEST_TIMEOUT = 408;
const CONFLICT = 409;

/**
 * Number of messages that a pull brings in all, from the status that ends it. With several replicas the status may come
 * before the messages, which wait for the quorum: it is not the last answer. Pure.
 * @param batch messages asked for
 * @returns null for a request that failed
 */
export function messagesOfPull(status: PullStatus, batch: number): number | null {
  const { code, description, unsent } = status;
  const limited = code === CONFLICT && /^batch completed|exceeds maxbytes/i.test(description);
  if (code !== NO_MESSAGES && code !== REQUEST_TIMEOUT && !limited) return null;
  return /^\d{1,9}$/.test(unsent) ? Math.max(0, batch - Number(unsent)) : 0;
}
