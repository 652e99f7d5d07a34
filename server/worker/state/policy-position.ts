import { type PolicyProgress, progressKey, readProgress } from '../../membership/policy-progress.ts';
import type { PolicyStore } from '../../membership/policy-store.ts';

/** Progress with the revision of its key in the store; no progress with that of a key that has never been written. */
interface Held {
  readonly progress: PolicyProgress | null;
  readonly revision: number;
}

/**
 * Writes to POLICY what POLICY has of the log. Each write is a compare-and-set after what the holder of the lease took or wrote last:
 * it fails after the bucket has lost its last writes, and then {@link read} tells from where on the fold has to repeat them.
 */
export class PolicyPosition {
  readonly #policy: Pick<PolicyStore, 'read' | 'write'>;
  readonly #most: (partition: number) => number;
  readonly #held = new Map<number, Held>();

  /** @param most offset above which no progress of a partition is written. Default: none */
  constructor(
    policy: Pick<PolicyStore, 'read' | 'write'>,
    most: (partition: number) => number = () => Number.POSITIVE_INFINITY,
  ) {
    this.#policy = policy;
    this.#most = most;
  }

  /** Reads the progress of a partition, without an effect on writes; null for none. @throws {ReadFailed} */
  async read(partition: number): Promise<PolicyProgress | null> {
    return readProgress((await this.#policy.read(progressKey(partition)))?.value);
  }

  /**
   * Takes the progress that is there as the one to write after. Only for the holder of the lease, before its first write, and
   * after the bucket was filled again.
   * @param from position that the fold begins at, made from what {@link read} returned; null for any
   * @throws {PolicyMoved} if the bucket has lost the progress since then, {@link ReadFailed}
   */
  async take(partition: number, from: PolicyProgress | null): Promise<void> {
    this.#held.delete(partition);
    const held = await this.#found(partition);
    const { progress } = held;
    if (progress && progress.epoch === from?.epoch && progress.at < from.at) throw new PolicyMoved();
    this.#held.set(partition, held);
  }

  /** Progress that this process took or wrote last; null for none. */
  known(partition: number): PolicyProgress | null {
    return this.#held.get(partition)?.progress ?? null;
  }

  /**
   * Moves the progress of an epoch on. Writes nothing in an epoch that POLICY has not been brought into.
   * @returns position from which the fold has to begin if POLICY has no progress of the epoch; else the same
   * @throws {PolicyMoved} if the bucket has another progress than this process knows, {@link PublishFailed}
   */
  async save(partition: number, { epoch, at }: PolicyProgress): Promise<PolicyProgress> {
    if (!this.#held.has(partition)) throw new PolicyMoved();
    const known = this.known(partition);
    const most = Math.min(at, this.#most(partition));
    if (known?.epoch !== epoch) return { epoch, at: most };
    if (known.at < most) await this.write(partition, { epoch, at: most });
    return { epoch, at };
  }

  /** Writes a progress. @throws as {@link save} */
  async write(partition: number, { epoch, at }: PolicyProgress): Promise<void> {
    const progress = { epoch, at: Math.min(at, this.#most(partition)) };
    const revision = this.#held.get(partition)?.revision ?? 0;
    this.#held.delete(partition);
    const isWritten = await this.#policy.write(progressKey(partition), progress, revision);
    const held = await this.#found(partition); // for the revision
    if (!isWritten || held.progress?.epoch !== progress.epoch || held.progress.at !== progress.at)
      throw new PolicyMoved();
    this.#held.set(partition, held);
  }

  async #found(partition: number): Promise<Held> {
    const found = await this.#policy.read(progressKey(partition));
    return { progress: readProgress(found?.value), revision: found?.revision ?? 0 };
  }
}

/** The bucket has lost writes, or another worker wrote. The fold starts again from the progress that is there. */
class PolicyMoved extends Error {
  constructor() {
    super('the bucket POLICY has another position: it lost its last writes, or another worker wrote it');
    this.name = 'PolicyMoved';
  }
}
