import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks until there is an answer other than null.
 * @param what completes "gave up after 10 s waiting until ..."
 * @throws after `ms`, with the last error of `ask`, which may throw until then
 */
export async function until<T>(what: string, ms: number, ask: () => T | null | Promise<T | null>): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await ask();
      if (answer !== null) return answer;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`gave up after ${ms / 1_000} s waiting until ${what}`, { cause });
    await delay(100);
  }
}
