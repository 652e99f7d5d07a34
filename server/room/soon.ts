import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when something has been waited for long enough, or when `signal` aborts; never rejects. */
export type Patience = (signal: AbortSignal) => Promise<void>;

export const patienceOf =
  (ms: number): Patience =>
  signal =>
    sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);

/** @returns the answer, or null if it failed or did not come in time; it may be waited for again */
export async function soon<T>(answer: Promise<T>, patience: Patience): Promise<T | null> {
  const answered = new AbortController();
  const late = patience(answered.signal).then(() => null);
  const found = await Promise.race([answer.catch(() => null), late]);
  answered.abort();
  return found;
}
