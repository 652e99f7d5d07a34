import type { Logger } from 'pino';
import type { NatsConnection } from '../bus/connect.ts';
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
import { Gate } from './gate.ts';
import type { Health } from './health.ts';
import { lookAtConsumers } from './log-look.ts';
import type { WorkerMetrics } from './metrics.ts';
import { Purge } from './purge.ts';
import { hotWindowMs } from './purge-plan.ts';
import { StoreWriter } from './store-writer.ts';

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
/** Often enough for a stream that fills in seconds. */
const LOOK_MS = 2_000;
/** Bytes of one batch; the driver would split a larger one anyway. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** The work on one partition: keeps its streams right, stores, measures and purges its messages. */
export class Partition {
  readonly #parts: PartitionParts;
  readonly #gate = new Gate();
  #wake = new AbortController();
  #epoch = '';
  /** Last sequence when the epoch was read. */
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
    await Promise.all([this.#keepStreams(signal), this.#storeWriter().run(signal), this.#keepLooking(signal)]);
  }

  /** Stops storing until the streams have been looked at again. */
  recheck(): void {
    this.#gate.close();
    this.#wake.abort();
  }

  async #keepStreams(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    for (let failures = 0; !signal.aborted; ) {
      const wake = new AbortController();
      this.#wake = wake;
      const state = await this.#ensure();
      failures = state ? 0 : failures + 1;
      if (state && !wake.signal.aborted) this.#gate.open();
      // Messages are stored meanwhile.
      const raised = state !== undefined && (await this.#parts.streams.raise(this.#parts.partition, state));
      if (raised) continue;
      const pause = failures === 0 ? CHECK_MS : backoffMs(RETRY, failures, Math.random());
      await sleep(clock, pause, AbortSignal.any([signal, wake.signal]));
    }
  }

  /** @returns undefined while the streams are not right */
  async #ensure(): Promise<PartitionState | undefined> {
    const { partition, streams, health, names, log } = this.#parts;
    try {
      const state = await streams.ensure(partition);
      this.#epoch = state.epoch;
      this.#epochReadAt = state.last;
      health.streamsAre(partition, null);
      health.copiesAre(partition, state.copies, streams.whyNotMore);
      return state;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof StoreUnavailable) health.storeIs(false, error.reason);
      else {
        health.streamsAre(partition, `stream ${names.logStream(partition)}: ${reason}`);
        const news = this.#repeats.news(reason);
        if (news) log.warn({ partition, reason, ...news }, 'the streams are not right; this is tried again');
      }
      return undefined;
    }
  }

  #storeWriter(): StoreWriter {
    const { partition, config, names, connection, writer, health, metrics, clock, log } = this.#parts;
    return new StoreWriter({
      partition,
      prefix: names.logSubjects(partition).replace('*', ''),
      limits: { size: config.storeBatch, delayMs: config.storeDelayMs, maxBytes: BATCH_BYTES },
      ackWaitMs: config.ackWaitSeconds * 1_000,
      gate: this.#gate,
      pull: request => pull(connection, names.logStream(partition), names.storeConsumer, request),
      epochAt: offset => this.#epochAt(offset),
      writer,
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

  /** A jump this wide is a lift by another worker, with an epoch of its own. */
  async #epochAt(offset: number): Promise<string> {
    if (offset - this.#epochReadAt >= LIFT / 2) {
      const state = await this.#parts.streams.ensure(this.#parts.partition);
      this.#epoch = state.epoch;
      this.#epochReadAt = state.last;
    }
    return this.#epoch;
  }

  /** Measures and purges, while the streams are right; a failure is logged and the next turn tries again. */
  async #keepLooking(signal: AbortSignal): Promise<void> {
    const { partition, clock, log } = this.#parts;
    const purge = this.#purge();
    while (!signal.aborted) {
      await sleep(clock, LOOK_MS, signal);
      if (signal.aborted || !this.#gate.isOpen) continue;
      try {
        await this.#look(purge);
      } catch (error) {
        if (error instanceof StoreRolledBack) this.recheck();
        log.debug({ partition, reason: (error as Error).message }, 'a look at the stream failed');
      }
    }
  }

  async #look(purge: Purge): Promise<void> {
    const { partition, names, jsm, metrics, health } = this.#parts;
    const looks = await lookAtConsumers(jsm, names.logStream(partition), logConsumers(names));
    const store = looks.find(({ claim }) => claim.name === names.storeConsumer)?.info;
    if (store) {
      const lag = store.num_pending + store.num_ack_pending;
      metrics.lag.set({ partition: String(partition) }, lag);
      health.lagIs(partition, lag);
    }
    const unnoted = await this.#noteComplete(store?.ack_floor.stream_seq ?? 0).then(
      () => null,
      (error: Error) => error,
    );
    await purge.turn(looks, unnoted === null);
    if (unnoted) throw unnoted;
  }

  /** Tells MongoDB up to where it has everything, from which it is filled again should it lose messages. */
  async #noteComplete(ackFloor: number): Promise<void> {
    const { writer, partition, metrics } = this.#parts;
    if (ackFloor === this.#complete) return;
    await writer.complete(partition, ackFloor);
    this.#complete = ackFloor;
    metrics.complete.set({ partition: String(partition) }, ackFloor);
  }

  #purge(): Purge {
    const { partition, config, names, connection, jsm, writer, health, metrics, clock, log } = this.#parts;
    return new Purge({
      partition,
      connection,
      jsm,
      names,
      consumers: logConsumers(names),
      floor: () => writer.floor(partition),
      hotWindowMs: hotWindowMs(config),
      lastRooms: config.lastRooms,
      intervalMs: config.purgeSeconds * 1_000,
      health,
      metrics,
      clock,
      log,
    });
  }
}
