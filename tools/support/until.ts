import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;
/** Far above what anything takes on a machine that runs several test files at a time. */
const DEADLINE_MS = 60_000;

/**
 * Waits until `condition` holds.
 * @param what completes "waited in vain until ..."
 * @param options.ms deadline, default 60 s
 * @param options.pollMs time between two questions, default 20 ms
 * @returns what the condition returned
 * @throws with `state()`, if given, when the deadline passes
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: { readonly ms?: number; readonly pollMs?: number; readonly state?: () => unknown } = {},
): Promise<NonNullable<T>> {
  const { ms = DEADLINE_MS, pollMs = POLL_MS, state } = options;
  const deadline = performance.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) {
      const seen = state ? `: ${JSON.stringify(state())}` : '';
      throw new Error(`waited ${ms} ms in vain until ${what}${seen}`);
    }
    await delay(pollMs);
  }
}
