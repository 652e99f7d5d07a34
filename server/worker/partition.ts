import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import type { Names } from '../bus/names.ts';
import { pull } from '../bus/pull.ts';
import { LIFT } from '../bus/stream-plan.ts';
import type { Streams } from '../bus/streams.ts';
import { systemClocks } from '../clock.ts';
import type { Config } from '../config.ts';
import { type MessageWriter, StoreUnavailable } from '../store/store.ts';
import { backoffMs, type Clock } from './clock.ts';
import { Drain } from './drain.ts';
import { Gate } from './gate.ts';
import type { Health } from './health.ts';
import type { WorkerMetrics } from './metrics.ts';
import { purge } from './purge.ts';

export interface PartitionParts {
  readonly partition: number;
  readonly config: Config;
  readonly names: Names;
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly streams: Streams;
  readonly writer: MessageWriter;
  readonly health: Health;
  readonly metrics: WorkerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A stream that vanished is noticed within this time. */
const CHECK_MS = 10_000;
const LAG_MS = 2_000;
/** Bytes of one batch; the driver would split a larger one anyway. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** The work on one partition: its streams are kept right, drained and purged, and its lag is measured. */
export class Partition {
  readonly #parts: PartitionParts;
  readonly #gate = new Gate();
  #wake = new AbortController();
  #epoch = '';
  /** Last sequence when the epoch was read. */
  #epochReadAt = 0;

  constructor(parts: PartitionParts) {
    this.#parts = parts;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#keepStreams(signal),
      this.#drain().run(signal),
      this.#every(this.#parts.config.purgeSeconds * 1_000, signal, () => this.#purge()),
      this.#every(LAG_MS, signal, () => this.#measureLag()),
    ]);
  }

  /** Stops draining until the streams have been looked at again. */
  recheck(): void {
    this.#gate.close();
    this.#wake.abort();
  }

  async #keepStreams(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    for (let failures = 0; !signal.aborted; ) {
      const wake = new AbortController();
      this.#wake = wake;
      const problem = await this.#ensure();
      failures = problem === null ? 0 : failures + 1;
      if (problem === null && !wake.signal.aborted) this.#gate.open();
      const pause = failures === 0 ? CHECK_MS : backoffMs(failures, Math.random());
      await clock.sleep(pause, AbortSignal.any([signal, wake.signal]));
    }
  }

  /** @returns what keeps the streams from being right; null when they are */
  async #ensure(): Promise<string | null> {
    const { partition, streams, health, names, log } = this.#parts;
    try {
      const state = await streams.ensure(partition);
      this.#epoch = state.epoch;
      this.#epochReadAt = state.last;
      health.streamsAre(partition, null);
      return null;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof StoreUnavailable) health.storeIs(false, error.reason);
      else {
        health.streamsAre(partition, `stream ${names.logStream(partition)}: ${reason}`);
        log.warn({ partition, reason }, 'the streams are not right; this is tried again');
      }
      return reason;
    }
  }

  #drain(): Drain {
    const { partition, config, names, connection, writer, health, metrics, clock, log } = this.#parts;
    return new Drain({
      partition,
      prefix: names.logSubjects(partition).replace('*', ''),
      limits: { size: config.storeBatch, delayMs: config.storeDelayMs, maxBytes: BATCH_BYTES },
      ackWaitMs: config.ackWaitSeconds * 1_000,
      gate: this.#gate,
      pull: request => pull(connection, names.logStream(partition), names.storeConsumer, request),
      epochAt: offset => this.#epochAt(offset),
      writer,
      written: problem => health.storeIs(problem === null, problem?.reason ?? 'answers'),
      clock,
      random: Math.random,
      wallClock: systemClocks.wallClock,
      metrics,
      log,
    });
  }

  /** A jump this wide is a lift by another worker, with an epoch of its own. */
  async #epochAt(offset: number): Promise<string> {
    if (offset - this.#epochReadAt >= LIFT / 2) {
      const state = await this.#parts.streams.ensure(this.#parts.partition);
      this.#epoch = state.epoch;
      this.#epochReadAt = state.last;
    }
    return this.#epoch;
  }

  async #purge(): Promise<void> {
    const { partition, config, names, connection, jsm, metrics, log } = this.#parts;
    const done = await purge({
      connection,
      jsm,
      names,
      partition,
      stream: names.logStream(partition),
      required: [names.storeConsumer],
      hotWindowMs: config.hotWindowSeconds * 1_000,
    });
    if (!done) return;
    const { removed, noted } = done;
    metrics.purged.inc(removed);
    metrics.lastRooms.inc(noted);
    if (removed > 0) log.debug({ partition, removed, noted }, 'stored messages were removed from the stream');
    if (done.unnoted === null) return;
    const reason = (done.unnoted as Error).message;
    log.warn({ partition, reason }, 'LAST did not take the last offsets of rooms; the purge is tried again');
  }

  async #measureLag(): Promise<void> {
    const { partition, names, jsm, metrics, health } = this.#parts;
    const info = await jsm.consumers.info(names.logStream(partition), names.storeConsumer);
    const lag = info.num_pending + info.num_ack_pending;
    metrics.lag.set({ partition: String(partition) }, lag);
    health.lagIs(partition, lag);
  }

  /** Only while the streams are right; a failure is told and the next turn tries again. */
  async #every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { clock, log, partition } = this.#parts;
    while (!signal.aborted) {
      await clock.sleep(ms, signal);
      if (signal.aborted || !this.#gate.isOpen) continue;
      try {
        await work();
      } catch (error) {
        log.debug({ partition, reason: (error as Error).message }, 'a look at the stream failed');
      }
    }
  }
}
