import type { Logger } from 'pino';
import type { Delivery } from '../bus/delivery.ts';
import type { PullRequest } from '../bus/pull.ts';
import { type MessageWriter, StoreUnavailable } from '../room/history-store.ts';
import { backoffMs } from '../time/backoff.ts';
import { type Clock, sleep } from '../time/clock.ts';
import { Repeats } from '../time/repeats.ts';
import { RETRY } from '../time/retry.ts';
import { type BatchLimits, batchStep } from './batch.ts';
import type { Gate } from './gate.ts';
import { type Sorted, sortDeliveries } from './logged-message.ts';
import type { WorkerMetrics } from './metrics.ts';
import { storeSpans } from './store-trace.ts';

export interface StoreWriterParts {
  readonly partition: number;
  /** Subject of the partition's rooms up to the room's token. */
  readonly prefix: string;
  readonly limits: BatchLimits;
  /** A delivery that is neither acknowledged nor renewed for this long comes again. */
  readonly ackWaitMs: number;
  /** Closed while the streams are not known to be right. */
  readonly gate: Gate;
  pull(request: PullRequest): Promise<Delivery[]>;
  /** Incarnation of the stream at an offset. */
  epochAt(offset: number): Promise<string>;
  readonly writer: MessageWriter;
  /** Told how each write went: null for success. */
  written(problem: StoreUnavailable | null): void;
  /** Called with the reason while the stream cannot be read several times in a row, and with null once it can. */
  read(problem: string | null): void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
}

/** Reads that fail one after the other before storing counts as stuck: an election takes one or two. */
const STUCK = 3;

/**
 * Moves one partition's messages from LOG to MongoDB: batch, write, acknowledge. While MongoDB is away the batch is held
 * and its ack wait renewed, so that nothing comes twice for nothing; it is never given up and nothing is skipped.
 */
export class StoreWriter {
  readonly #parts: StoreWriterParts;
  #busy = false;

  constructor(parts: StoreWriterParts) {
    this.#parts = parts;
  }

  /** Runs until `signal` aborts. Then a write under way is finished, and what is held is given back. */
  async run(signal: AbortSignal): Promise<void> {
    const { gate, clock, random, log, partition, read } = this.#parts;
    const repeats = new Repeats(clock.now);
    let failures = 0;
    while (!signal.aborted) {
      await gate.pass(signal);
      if (signal.aborted) return;
      const held: Delivery[] = [];
      const renewal = this.#renew(held);
      try {
        await this.#collect(held, signal);
        if (held.length > 0) await this.#store(held, signal);
        if (failures >= STUCK) read(null);
        failures = 0;
      } catch (error) {
        failures += 1;
        const reason = (error as Error).message;
        const news = repeats.news(reason);
        if (news) log.warn({ partition, reason, ...news }, 'reading the stream failed and is tried again');
        if (failures >= STUCK) read(reason);
        for (const each of held) giveBack(each);
        await sleep(clock, backoffMs(RETRY, failures, random()), signal);
      } finally {
        renewal.stop();
      }
    }
  }

  async #collect(held: Delivery[], signal: AbortSignal): Promise<void> {
    const { limits, clock } = this.#parts;
    let bytes = 0;
    let since = 0;
    let topped = false;
    while (!signal.aborted) {
      const count = held.length;
      const step = batchStep({ count, bytes, ageMs: clock.now() - since, topped, busy: this.#busy }, limits);
      if (step.do === 'write') break;
      if (step.do === 'sleep') {
        await sleep(clock, step.ms, signal);
        topped = false; // what came meanwhile belongs in it
        continue;
      }
      const request = { batch: step.count, maxBytes: limits.maxBytes - bytes, waitMs: step.waitMs };
      const got = await this.#parts.pull(request);
      if (count === 0) since = clock.now();
      topped = step.waitMs === 0;
      for (const each of got) bytes += each.data.length;
      held.push(...got);
      if (held.length === 0 && step.waitMs > 0) break; // idle: let the caller look at the gate
    }
    this.#busy = held.length >= limits.size;
  }

  async #store(held: readonly Delivery[], signal: AbortSignal): Promise<void> {
    const { clock, metrics, prefix, epochAt } = this.#parts;
    const reached = held.reduce((top, each) => Math.max(top, each.sequence), 0);
    const sorted = sortDeliveries(held, prefix, await epochAt(reached));
    const batch = sorted.messages;
    const ended = storeSpans(batch);
    const began = clock.now();
    const done = await this.#write(sorted, reached, signal);
    ended();
    if (!done) {
      for (const each of held) giveBack(each);
      return;
    }
    if (batch.length > 0) {
      metrics.writeSeconds.observe((clock.now() - began) / 1_000);
      const oldest = batch.reduce((first, message) => Math.min(first, message.storedAt), Number.POSITIVE_INFINITY);
      metrics.storedAfter.observe(Math.max(0, clock.wallClock() / 1_000 - oldest / 1_000_000));
      metrics.batchMessages.observe(batch.length);
      metrics.stored.inc(batch.length);
    }
    metrics.redelivered.inc(held.filter(each => each.deliveries > 1).length);
    for (const each of held) each.ack();
  }

  /** @returns false when it was stopped before MongoDB had the batch */
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
      metrics.rejected.inc({ code: String(each.code) });
      log.error(
        { partition, offset: each.message.offset, epoch: each.message.epoch, code: each.code },
        each.code === 'unreadable'
          ? 'a message that no gateway wrote cannot be read; it is set aside in the collection rejected'
          : 'MongoDB refused a message; it is set aside in the collection rejected',
      );
    }
  }

  /** Renews the ack wait of what is held, three times in each wait. */
  #renew(held: readonly Delivery[]): { stop(): void } {
    const ended = new AbortController();
    const { clock, ackWaitMs } = this.#parts;
    void (async () => {
      for (;;) {
        await sleep(clock, ackWaitMs / 3, ended.signal);
        if (ended.signal.aborted) return;
        for (const each of held) attempt(each.working);
      }
    })();
    return { stop: () => ended.abort() };
  }
}

/** Another worker takes it at once, instead of after the ack wait. */
function giveBack(delivery: Delivery): void {
  attempt(delivery.release);
}

/** On a connection that is closed there is nobody to tell; the ack wait runs out. */
function attempt(tell: () => void): void {
  try {
    tell();
  } catch {
    // see above
  }
}
