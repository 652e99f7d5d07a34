import type { PartitionState } from '../room/log.ts';
import { shareStarting } from '../room/share-starting.ts';
import type { Moment } from '../time/clock.ts';
import type { PolicyStore } from './policy-store.ts';

/**
 * Part of a partition's log that the store of rights has: every control entry of an epoch up to an offset, and before it all that
 * MongoDB had when the epoch began. It is written to the store itself, behind what it vouches for: a store that loses its last writes
 * loses it too.
 */
export interface PolicyProgress {
  readonly epoch: string;
  readonly at: number;
}

/** Key of the {@link PolicyProgress} of a partition. */
export const progressKey = (partition: number) => ({ partition });

/** Reads a value. @returns null if it is none */
export function readProgress(value: unknown): PolicyProgress | null {
  const { epoch, at } = (value ?? {}) as Partial<Record<keyof PolicyProgress, unknown>>;
  return typeof epoch === 'string' && Number.isSafeInteger(at) ? { epoch, at: at as number } : null;
}

/** Part of a partition's log that POLICY has, as a gateway knows it. */
export interface Covered {
  /** Epoch of the log; empty if it is not known. */
  readonly epoch: string;
  /** Offset up to which the store has all control entries of the epoch; 0 if that is not known. */
  readonly at: number;
  /** False if the store may lack what MongoDB has: an epoch has begun, and the worker has not compared the two yet. */
  readonly whole: boolean;
}

export interface KnownProgressOptions {
  readonly policy: Pick<PolicyStore, 'read'>;
  readonly log: { state(partition: number): Promise<Pick<PartitionState, 'epoch' | 'from'>> };
  readonly now: () => Moment;
}

/** Age up to which a known progress is returned, in ms. */
const AGE_MS = 1_000;
const UNKNOWN: Covered = { epoch: '', at: 0, whole: false };

/** Progress of the partitions as a gateway last read it: up to a second old, so possibly too low, never too high. */
export class KnownProgress {
  readonly #options: KnownProgressOptions;
  readonly #known = new Map<number, { readonly covered: Covered; readonly at: Moment }>();
  readonly #read: (partition: number) => Promise<Covered>;

  constructor(options: KnownProgressOptions) {
    this.#options = options;
    this.#read = shareStarting(partition => this.#ask(partition));
  }

  /** Progress of a partition. Never rejects. */
  async of(partition: number): Promise<Covered> {
    const known = this.#known.get(partition);
    if (known && this.#options.now() - known.at < AGE_MS) return known.covered;
    return await this.#read(partition).catch(() => UNKNOWN);
  }

  async #ask(partition: number): Promise<Covered> {
    const { policy, log, now } = this.#options;
    const at = now();
    const [{ epoch, from }, found] = await Promise.all([log.state(partition), policy.read(progressKey(partition))]);
    const progress = readProgress(found?.value);
    const isSame = progress?.epoch === epoch;
    // Before the first epoch that followed another one there is nothing to compare.
    const covered = { epoch, at: isSame ? progress.at : 0, whole: isSame || from <= 1 };
    this.#known.set(partition, { covered, at });
    return covered;
  }
}
