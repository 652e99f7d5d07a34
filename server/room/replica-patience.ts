/** Waits, in ms, before a replica that lags is asked again: a follower may get a message with the next heartbeat only. */
export const REPLICA_PATIENCE_MS = [10, 40, 150, 400] as const;
