import type { NatsConnection } from '@nats-io/transport-node';
import { epochOf } from './epoch.ts';
import { type JetStreamManager, NO_MESSAGE_FOUND, orNull } from './jetstream-api.ts';
import type { Names } from './names.ts';
import { incarnationStart } from './refill-plan.ts';
import { type Scan, scanStream } from './scan.ts';

/** LOG of a partition, as its leader has it. */
export interface FoldLogState {
  readonly epoch: string;
  /** First offset of the epoch; 1 if that is not known. */
  readonly from: number;
  /** Lowest offset that LOG may have; at least 1. */
  readonly first: number;
  /** Last offset that LOG gave to an entry; `first - 1` for none. */
  readonly last: number;
}

/** LOG streams as folds read them. Every call rejects if NATS does not answer. */
export interface FoldLog {
  state(partition: number): Promise<FoldLogState>;
  /** True if LOG has an entry with an offset above `after` and up to `upto`, by its leader. */
  has(partition: number, after: number, upto: number): Promise<boolean>;
  /**
   * Reads entries in order from offset `first` on, for as long as `work` runs.
   * @throws {ScanBroken} {@link PullFailed} if the read has to start again
   */
  scan(options: FoldScan, work: (scan: Scan) => Promise<void>): Promise<void>;
}

/** Range of entries to read, and their parts. */
export interface FoldScan {
  readonly partition: number;
  readonly first: number;
  readonly headersOnly: boolean;
}

/** LOG streams of an instance as {@link FoldLog}. */
export function foldLog(connection: NatsConnection, jsm: JetStreamManager, names: Names): FoldLog {
  return {
    async state(partition) {
      const info = await jsm.streams.info(names.logStream(partition));
      const { first_seq, last_seq: last } = info.state;
      return { epoch: epochOf(info), from: incarnationStart(info) ?? 1, first: Math.max(1, first_seq), last };
    },
    async has(partition, after, upto) {
      const query = { seq: after + 1, next_by_subj: '>' };
      const found = await orNull(jsm.streams.getMessage(names.logStream(partition), query), NO_MESSAGE_FOUND);
      return found !== null && found.seq <= upto;
    },
    scan: ({ partition, first, headersOnly }, work) =>
      scanStream({ connection, jsm, stream: names.logStream(partition), first, headersOnly }, work),
  };
}
