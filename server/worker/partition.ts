import type { Logger } from 'pino';
import type { NatsConnection } from '../bus/connect.ts';
import type { Digests } from '../bus/digests.ts';
import type { JetStreamManager } from '../bus/jetstream-api.ts';
import { logConsumers } from '../bus/log-consumers.ts';
import type { Names } from '../bus/names.ts';
import { pull } from '../bus/pull.ts';
import { LIFT } from '../bus/stream-plan.ts';
import type { PartitionState, Streams } from '../bus/streams.ts';
import { type MessageWriter, StoreRolledBack, StoreUnavailable } from '../room/history-store.ts';
import type { Config } from '../settings/config.ts';
import { backoffMs } from '../time/backoff.ts';
import { type Clock, sleep } from '../time/clock.ts';
import { Repeats } from '../time/repeats.ts';
import { RETRY } from '../time/retry.ts';
import type { FoldProgress } from './fold/progress.ts';
import { Gate } from './gate.ts';
import type { Health } from './health.ts';
import { consumerStates } from './log-state.ts';
import type { WorkerMetrics } from './metrics.ts';
import { Purge } from './purge.ts';
import { hotWindowMs } from './purge-plan.ts';
import { StoreWriter, type StoreWriterParts } from './store-writer.ts';

/** One partition, and what it shares with the others of its worker. */
export interface PartitionParts {
  readonly partition: number;
  readonly config: Config;
  readonly names: Names;
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly streams: Streams;
  readonly writer: MessageWriter;
  /** See {@link StoreWriterParts.setAside}. */
  readonly setAside: StoreWriterParts['setAside'];
  readonly folds: Pick<FoldProgress, 'floors'>;
  readonly digests: Pick<Digests, 'cover' | 'since'>;
  readonly health: Health;
  readonly metrics: WorkerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Time between checks of the streams: the longest until a stream that vanished is noticed. */
const CHECK_MS = 10_000;
/** Time between measurements of the LOG stream, which may fill in seconds. */
const MEASURE_MS = 2_000;
/** Bytes of one batch; the driver would split a larger one anyway. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** Work on one partition: makes its streams right, stores its messages, measures and purges LOG. */
export class Partition {
  readonly #parts: PartitionParts;
  /** Open while the streams are right, by what NATS knows at least. */
  readonly #readable = new Gate();
  /** Open while, besides, MongoDB has reported which messages it has. */
  readonly #storable = new Gate();
  /** Ends the pause of {@link #keepStreams}. */
  #wake = new AbortController();
  #epoch = '';
  /** Last sequence of LOG when the epoch was read. */
  #epochReadAt = 0;
  /** Last argument of {@link MessageWriter.complete}. */
  #complete = 0;
  readonly #repeats: Repeats;

  constructor(parts: PartitionParts) {
    this.#parts = parts;
    this.#repeats = new Repeats(() => parts.clock.now());
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#keepStreams(signal), this.#storeWriter().run(signal), this.#keepMeasuring(signal)]);
  }

  /**
   * Resolves once the streams are known to be right, or `signal` aborts.
   * @param needsStore true to wait, besides, until MongoDB has reported which messages it has
   */
  ready(needsStore: boolean, signal: AbortSignal): Promise<void> {
    return (needsStore ? this.#storable : this.#readable).pass(signal);
  }

  /** Checks the streams now, and stops storing until that is done. */
  recheck(): void {
    this.#readable.close();
    this.#storable.close();
    this.#wake.abort();
  }

  async #keepStreams(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    for (let failures = 0; !signal.aborted; ) {
      const wake = new AbortController();
      this.#wake = wake;
      const state = await this.#ensure();
      failures = state?.floorError === null ? 0 : failures + 1;
      if (state && !wake.signal.aborted) this.#begin(state);
      // Adding copies may take long: messages are stored meanwhile.
      const raised = state !== undefined && (await this.#parts.streams.raise(this.#parts.partition, state));
      if (raised) continue;
      const pause = failures === 0 ? CHECK_MS : backoffMs(RETRY, failures, Math.random());
      await sleep(clock, pause, AbortSignal.any([signal, wake.signal]));
    }
  }

  /** Begins what the state of the streams allows: without MongoDB they are read, and nothing is stored. */
  #begin({ floorError }: PartitionState): void {
    const { partition, health, log } = this.#parts;
    if (floorError === null) {
      health.storing(partition);
      this.#storable.open();
    } else if (!this.#readable.isOpen)
      log.info(
        { partition, reason: floorError.message },
        'the streams are read without MongoDB; storing begins once it has reported which messages it has',
      );
    this.#readable.open();
  }

  /** @returns undefined if the streams could not be made right */
  async #ensure(): Promise<PartitionState | undefined> {
    const { partition, streams, health } = this.#parts;
    try {
      const state = await streams.ensure(partition);
      this.#epoch = state.epoch;
      this.#epochReadAt = state.last;
      health.streamsAre(partition, null);
      health.copiesAre(partition, state.copies, streams.whyNotMore);
      if (state.floorError) this.#failed(state.floorError);
      return state;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #failed(error: unknown): void {
    const { partition, health, names, log } = this.#parts;
    if (error instanceof StoreUnavailable) return health.storeIs(false, error.reason);
    const reason = error instanceof Error ? error.message : String(error);
    health.streamsAre(partition, `stream ${names.logStream(partition)}: ${reason}`);
    const news = this.#repeats.news(reason);
    if (news) log.warn({ partition, reason, ...news }, 'the streams could not be checked or changed; tried again');
  }

  #storeWriter(): StoreWriter {
    const { partition, config, names, connection, writer, health, metrics, clock, log } = this.#parts;
    return new StoreWriter({
      partition,
      prefix: names.logSubjects(partition).replace('*', ''),
      limits: { size: config.storeBatch, delayMs: config.storeDelayMs, maxBytes: BATCH_BYTES },
      ackWaitMs: config.ackWaitSeconds * 1_000,
      gate: this.#storable,
      pull: request => pull(connection, names.logStream(partition), names.storeConsumer, request),
      epochAt: offset => this.#epochAt(offset),
      writer,
      setAside: this.#parts.setAside,
      read: problem =>
        health.readingIs(partition, problem && `${names.logStream(partition)} cannot be read: ${problem}`),
      written: problem => {
        health.storeIs(problem === null, problem?.reason ?? 'answers');
        if (problem instanceof StoreRolledBack) this.recheck();
      },
      clock,
      random: Math.random,
      metrics,
      log,
    });
  }

  /** Epoch of LOG at an offset. Reads it again after a jump of offsets that only a lift by another worker makes. */
  async #epochAt(offset: number): Promise<string> {
    if (offset - this.#epochReadAt >= LIFT / 2) {
      const state = await this.#parts.streams.ensure(this.#parts.partition);
      this.#epoch = state.epoch;
      this.#epochReadAt = state.last;
    }
    return this.#epoch;
  }

  /** Measures and purges at intervals while the streams are right. Logs a failure and goes on. */
  async #keepMeasuring(signal: AbortSignal): Promise<void> {
    const { partition, clock, log } = this.#parts;
    const purge = this.#purge();
    while (!signal.aborted) {
      await sleep(clock, MEASURE_MS, signal);
      if (signal.aborted || !this.#readable.isOpen) continue;
      try {
        await this.#measure(purge);
      } catch (error) {
        if (error instanceof StoreRolledBack) this.recheck();
        log.debug(
          { partition, reason: (error as Error).message },
          'the stream could not be measured or purged; tried again',
        );
      }
    }
  }

  async #measure(purge: Purge): Promise<void> {
    const { partition, names, jsm, metrics, health } = this.#parts;
    const consumers = await consumerStates(jsm, names.logStream(partition), logConsumers(names));
    const store = consumers.find(({ claim }) => claim.name === names.storeConsumer)?.info;
    if (store) {
      const lag = store.num_pending + store.num_ack_pending;
      metrics.lag.set({ partition: String(partition) }, lag);
      health.lagIs(partition, lag);
    }
    // Before MongoDB has reported what it has, raising its floor would hide a loss.
    if (!this.#storable.isOpen) return await purge.run(consumers, false);
    const unnoted = await this.#noteComplete(store?.ack_floor.stream_seq ?? 0).then(
      () => null,
      (error: Error) => error,
    );
    await purge.run(consumers, unnoted === null);
    if (unnoted) throw unnoted;
  }

  /** Notes in MongoDB the offset up to which it has everything. If it loses messages, they are stored again from there on. */
  async #noteComplete(ackFloor: number): Promise<void> {
    const { writer, partition, metrics } = this.#parts;
    if (ackFloor === this.#complete) return;
    await writer.complete(partition, ackFloor);
    this.#complete = ackFloor;
    metrics.complete.set({ partition: String(partition) }, ackFloor);
  }

  #purge(): Purge {
    const { partition, config, names, connection, jsm, writer, folds, digests, health, metrics, clock, log } =
      this.#parts;
    return new Purge({
      partition,
      connection,
      jsm,
      names,
      consumers: logConsumers(names),
      folds,
      digests,
      floor: () => writer.floor(partition),
      hotWindowMs: hotWindowMs(config),
      dedupeMs: config.dedupeSeconds * 1_000,
      intervalMs: config.purgeSeconds * 1_000,
      health,
      metrics,
      clock,
      log,
    });
  }
}
