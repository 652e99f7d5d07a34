import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Waits until `condition` holds, asking again every 20 ms.
 * @param what completes "waited in vain until ..."
 * @param ms deadline, default 30 s
 * @returns what the condition returned
 * @throws with `state()`, if given, when the deadline passes
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: { readonly ms?: number; readonly state?: () => unknown } = {},
): Promise<NonNullable<T>> {
  const { ms = 30_000, state } = options;
  const deadline = performance.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) {
      const seen = state ? `: ${JSON.stringify(state())}` : '';
      throw new Error(`waited ${ms} ms in vain until ${what}${seen}`);
    }
    await delay(POLL_MS);
  }
}
