import type { Backoff } from '../server/time/backoff.ts';

/** Delay between attempts to send a message or to read missed ones, short because a person waits. */
export const RETRY: Backoff = { baseMs: 500, maxMs: 20_000 };
