import { type PolicyProgress, readProgress } from './policy-progress.ts';
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
  /**
   * Positions up to which MongoDB had the logs of the partitions when the filling began. LOG has to have what follows until the
   * partition is filled: reads of MongoDB may lack it.
   */
  readonly from: readonly PolicyProgress[];
  /** Partitions that are filled. */
  readonly done: readonly number[];
  /** True once all are: every room and user with a value in MongoDB has one in POLICY. */
  readonly complete: boolean;
}

export const NOT_FILLED: Filled = { id: '', from: [], done: [], complete: false };

/** Reads a value of {@link FILLED}. */
export function readFilled(value: unknown): Filled {
  const { id, from, done, complete } = (value ?? {}) as Partial<Record<keyof Filled, unknown>>;
  if (typeof id !== 'string' || !Array.isArray(from) || !Array.isArray(done)) return NOT_FILLED;
  const positions = from.map(readProgress);
  return {
    id,
    from: positions.every(each => each !== null) ? positions : [],
    done: done.filter(each => Number.isSafeInteger(each)),
    complete: complete === true,
  };
}
