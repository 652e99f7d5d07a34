import type { Logger } from 'pino';
import type { Delivery } from '../bus/delivery.ts';
import type { PullRequest } from '../bus/pull.ts';
import { type MessageWriter, type RejectedMessage, StoreUnavailable } from '../room/history-store.ts';
import { backoffMs } from '../time/backoff.ts';
import { type Clock, sleep } from '../time/clock.ts';
import { Repeats } from '../time/repeats.ts';
import { RETRY } from '../time/retry.ts';
import type { BatchLimits } from './batch/batch.ts';
import { collect } from './batch/collect.ts';
import type { Gate } from './gate.ts';
import { type Sorted, sortDeliveries } from './logged-message.ts';
import type { WorkerMetrics } from './metrics.ts';
import { storeSpans } from './store-trace.ts';

/** One partition, and what its {@link StoreWriter} reads, writes and reports. */
export interface StoreWriterParts {
  readonly partition: number;
  /** Subject of the partition's rooms, up to the token of the room. */
  readonly prefix: string;
  readonly limits: BatchLimits;
  /** Time after which NATS delivers a message again that was neither acknowledged nor renewed. */
  readonly ackWaitMs: number;
  /** Open while the streams are known to be right. */
  readonly gate: Gate;
  /** Pulls messages of LOG from the store's consumer. */
  pull(request: PullRequest): Promise<Delivery[]>;
  /** Epoch of the stream at an offset. */
  epochAt(offset: number): Promise<string>;
  readonly writer: MessageWriter;
  /** Called after a message was set aside. A rejection has the batch delivered again. */
  setAside(rejected: RejectedMessage): Promise<void>;
  /** Called after each write with its error, or null after a success. */
  written(problem: StoreUnavailable | null): void;
  /**
   * Called with the reason when reading the stream has failed {@link STUCK} times in a row, and
   * with null when it works again.
   */
  read(problem: string | null): void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
}

/** Failed reads in a row after which the stream counts as unreadable. An election of NATS fails one or two. */
const STUCK = 3;

/**
 * Stores one partition's messages: pulls a batch from LOG, writes it to MongoDB, acknowledges it. While MongoDB does not
 * answer, the batch is kept and its ack wait renewed, so that NATS does not deliver it again. A batch is tried until it is
 * written; no message is skipped.
 */
export class StoreWriter {
  readonly #parts: StoreWriterParts;
  /** True if the last batch was full. */
  #busy = false;

  constructor(parts: StoreWriterParts) {
    this.#parts = parts;
  }

  /** Stores until `signal` aborts. Then it finishes the write that is running, and releases other messages to other workers. */
  async run(signal: AbortSignal): Promise<void> {
    const { gate, clock, random, log, partition, read } = this.#parts;
    const repeats = new Repeats(clock.now);
    let failures = 0;
    while (!signal.aborted) {
      await gate.pass(signal);
      if (signal.aborted) return;
      const batch: Delivery[] = [];
      const renewal = this.#renew(batch);
      try {
        await this.#collect(batch, signal);
        if (batch.length > 0) await this.#store(batch, signal);
        if (failures >= STUCK) read(null);
        failures = 0;
      } catch (error) {
        failures += 1;
        const reason = (error as Error).message;
        const news = repeats.news(reason);
        if (news) log.warn({ partition, reason, ...news }, 'messages could not be read from the stream; tried again');
        if (failures >= STUCK) read(reason);
        for (const each of batch) release(each);
        await sleep(clock, backoffMs(RETRY, failures, random()), signal);
      } finally {
        renewal.stop();
      }
    }
  }

  async #collect(batch: Delivery[], signal: AbortSignal): Promise<void> {
    const { limits, clock, pull } = this.#parts;
    await collect(batch, { limits, busy: this.#busy, pull, clock }, signal);
    this.#busy = batch.length >= limits.size;
  }

  async #store(batch: readonly Delivery[], signal: AbortSignal): Promise<void> {
    const { clock, metrics, prefix, epochAt } = this.#parts;
    const reached = batch.reduce((top, each) => Math.max(top, each.sequence), 0);
    const sorted = sortDeliveries(batch, prefix, await epochAt(reached));
    const { messages } = sorted;
    const ended = storeSpans(messages);
    const began = clock.now();
    const done = await this.#write(sorted, reached, signal);
    ended();
    if (!done) {
      for (const each of batch) release(each);
      return;
    }
    if (messages.length > 0) {
      metrics.writeSeconds.observe((clock.now() - began) / 1_000);
      const oldest = messages.reduce((first, message) => Math.min(first, message.storedAt), Number.POSITIVE_INFINITY);
      metrics.storedAfter.observe(Math.max(0, clock.wallClock() / 1_000 - oldest / 1_000_000));
      metrics.batchMessages.observe(messages.length);
      metrics.stored.inc(messages.length);
    }
    metrics.redelivered.inc(batch.filter(each => each.deliveries > 1).length);
    for (const each of batch) each.ack();
  }

  /** Writes until MongoDB has the batch. @returns false if `signal` aborted before that */
  async #write(sorted: Sorted, reached: number, signal: AbortSignal): Promise<boolean> {
    const { clock, random, metrics, written } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#writeOnce(sorted, reached);
        written(null);
        return true;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        written(error);
        if (signal.aborted) return false;
        metrics.retries.inc();
        await sleep(clock, backoffMs(RETRY, attempt, random()), signal);
        if (signal.aborted) return false;
      }
    }
  }

  async #writeOnce({ messages, unreadable }: Sorted, reached: number): Promise<void> {
    const { writer, partition, metrics, log } = this.#parts;
    const { rejected } = await writer.write(partition, messages, reached);
    for (const each of [...unreadable, ...rejected]) {
      await writer.setAside(partition, each);
      await this.#parts.setAside(each);
      metrics.rejected.inc({ code: String(each.code) });
      log.error(
        { partition, offset: each.message.offset, epoch: each.message.epoch, code: each.code },
        each.code === 'unreadable'
          ? 'a message that no gateway wrote cannot be read; it was set aside in the collection rejected'
          : 'MongoDB refused a message because of its content; it was set aside in the collection rejected',
      );
    }
  }

  /** Renews the ack wait of the messages in `batch`, three times per wait, until stopped. */
  #renew(batch: readonly Delivery[]): { stop(): void } {
    const ended = new AbortController();
    const { clock, ackWaitMs } = this.#parts;
    void (async () => {
      for (;;) {
        await sleep(clock, ackWaitMs / 3, ended.signal);
        if (ended.signal.aborted) return;
        for (const each of batch) attempt(each.working);
      }
    })();
    return { stop: () => ended.abort() };
  }
}

/** Releases a message: another worker gets it at once, not after the ack wait. */
function release(delivery: Delivery): void {
  attempt(delivery.release);
}

/** Ignores errors of a closed connection: NATS delivers the message again after the ack wait. */
function attempt(send: () => void): void {
  try {
    send();
  } catch {
    // see above
  }
}
