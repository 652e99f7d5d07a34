import type { LoggedMessage } from '../../room/history-store.ts';
import type { BatchLimits } from '../batch/batch.ts';

/** Position of a fold in the LOG of a partition: every entry up to `at` is folded. */
export interface FoldPosition {
  /** Epoch of LOG that the offset counts in. */
  readonly epoch: string;
  readonly at: number;
}

/** Right to fold one partition, which one worker has at a time. */
export interface Lease {
  readonly fold: string;
  readonly partition: number;
  /**
   * Number that rises with each holder. A write that is guarded by it, so that a lower one never overwrites a higher one, is safe
   * from a former holder that does not know yet that it is one.
   */
  readonly epoch: number;
  /** Aborts when the lease is lost, before another worker can have it: no write may begin after that. */
  readonly signal: AbortSignal;
}

/** Start of reading a partition. */
export interface FoldStart {
  readonly partition: number;
  /** Position that {@link WorkerFold.readPosition} returned; null for none. */
  readonly from: FoldPosition | null;
  /** Position that entries are read above. */
  readonly to: FoldPosition;
  /**
   * True if entries above {@link from} are not read, because LOG does not have them: there is no position, LOG has another epoch,
   * or a worker of an earlier release purged it. Entries that LOG had are in MongoDB, or lost.
   */
  readonly gap: boolean;
}

/** One entry of LOG. */
export interface FoldEntry {
  readonly room: string;
  readonly offset: number;
  /** Its message; the body is empty if the fold reads no bodies. Null for one that no gateway wrote and no client can receive. */
  readonly message: LoggedMessage | null;
}

/** Entries that follow a position, ascending by offset, without a gap. */
export interface FoldBatch {
  readonly partition: number;
  readonly epoch: string;
  readonly entries: readonly FoldEntry[];
  /** Offset up to which the batch has every entry: at least that of the last one. */
  readonly upto: number;
}

/**
 * A view of LOG that workers keep: one worker at a time for each partition. Entries come in order and at least once: after a
 * failure, or with another holder of the lease, those above the saved position come again. So applying is idempotent by offsets.
 * For one partition calls never overlap within a process. Across processes they may, for as long as a call of a former holder
 * takes: guard writes by {@link Lease.epoch}. A call that rejects is repeated after a pause, from the saved position on, for as
 * long as the lease lasts; nothing is ever skipped. A call that finds that a later holder wrote rejects with {@link LeaseLost}.
 */
export interface WorkerFold {
  /** Name in leases, metrics and logs: lower-case letters. */
  readonly name: string;
  /** Bounds of a batch. */
  readonly limits: BatchLimits;
  /** True to read no bodies. */
  readonly headersOnly: boolean;
  /** True to begin only once the store has reported which messages it has. */
  readonly needsStore: boolean;
  /**
   * Reads the durable position of a partition; null for none. Called by every worker every few seconds, with or without the lease:
   * LOG keeps every entry above it, however long the fold takes. While it rejects, LOG keeps everything.
   */
  readPosition(partition: number): Promise<FoldPosition | null>;
  /** Called before the first batch of a holder, and again whenever LOG does not continue what it read. */
  begin(start: FoldStart, lease: Lease): Promise<void>;
  /** Folds a batch. Resolves once that is durable. */
  apply(batch: FoldBatch, lease: Lease): Promise<void>;
  /** Saves a position durably, after everything up to it was applied. */
  savePosition(partition: number, position: FoldPosition, lease: Lease): Promise<void>;
  /** Called about once a second while there is nothing to fold. Default: nothing. */
  idle?(partition: number, lease: Lease): Promise<void>;
}

/** Another worker has the lease, or had one with a higher epoch. */
export class LeaseLost extends Error {
  /** Epoch of the lease that was found; 0 if none was. The next lease has to have a higher one. */
  readonly later: number;

  constructor({ fold, partition }: Pick<Lease, 'fold' | 'partition'>, later = 0) {
    super(`another worker folds ${fold} of partition ${partition}`);
    this.name = 'LeaseLost';
    this.later = later;
  }
}
