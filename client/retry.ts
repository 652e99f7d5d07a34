import type { Backoff } from '../server/time/backoff.ts';

/** Between attempts to send a message or to read missed ones: a person waits for it. */
export const RETRY: Backoff = { baseMs: 500, maxMs: 20_000 };
