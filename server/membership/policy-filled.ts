import type { PolicyKey } from './policy-store.ts';

/** Key whose value says what POLICY was filled with. */
export const FILLED = { mark: 'filled' } as const satisfies PolicyKey;

/**
 * Value of {@link FILLED}. That POLICY is complete is told by the write that notes the last partition, which names the revision of
 * the notes before: a bucket that was wiped meanwhile does not take it.
 */
export interface Filled {
  /** Random, another one after each wipe; empty before the first look of a worker. */
  readonly id: string;
  /** Partitions that are filled. */
  readonly done: readonly number[];
  /** True once all are: every room and user with a value in MongoDB has one in POLICY. */
  readonly complete: boolean;
}

export const NOT_FILLED: Filled = { id: '', done: [], complete: false };

/** Reads a value of {@link FILLED}. */
export function readFilled(value: unknown): Filled {
  const { id, done, complete } = (value ?? {}) as Partial<Record<keyof Filled, unknown>>;
  if (typeof id !== 'string' || !Array.isArray(done)) return NOT_FILLED;
  return { id, done: done.filter(each => Number.isSafeInteger(each)), complete: complete === true };
}
