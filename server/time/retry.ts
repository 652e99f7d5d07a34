import type { Backoff } from './backoff.ts';

/** Backoff between attempts to reach NATS or MongoDB, to read a stream, and to write a batch. */
export const RETRY: Backoff = { baseMs: 100, maxMs: 5_000 };
