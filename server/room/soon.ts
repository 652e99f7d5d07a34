import { setTimeout as sleep } from 'node:timers/promises';

/** Wait that resolves after some time, or when `signal` aborts; never rejects. */
export type Patience = (signal: AbortSignal) => Promise<void>;

export const patienceOf =
  (ms: number): Patience =>
  signal =>
    sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);

/** Waits for an answer for a limited time. @returns null if it failed or did not come in time; `answer` may be awaited again */
export async function soon<T>(answer: Promise<T>, patience: Patience): Promise<T | null> {
  const answered = new AbortController();
  const late = patience(answered.signal).then(() => null);
  const found = await Promise.race([answer.catch(() => null), late]);
  answered.abort();
  return found;
}
