import type { Logger } from 'pino';
import type { NatsConnection } from '../bus/connect.ts';
import type { Digests } from '../bus/digests.ts';
import { epochOf } from '../bus/epoch.ts';
import type { JetStreamManager, StreamInfo } from '../bus/jetstream-api.ts';
import type { LogConsumer } from '../bus/log-consumers.ts';
import type { Names } from '../bus/names.ts';
import { type StoredFloor, StoreRolledBack } from '../room/history-store.ts';
import type { Clock } from '../time/clock.ts';
import type { FoldProgress } from './fold/progress.ts';
import type { Health } from './health.ts';
import { type ConsumerState, claimOfLive, firstInWindow, foreignConsumers } from './log-state.ts';
import type { WorkerMetrics } from './metrics.ts';
import { claimOfFold, isPressed, type LogView, planPurge } from './purge-plan.ts';
import { SeenEnds } from './seen-ends.ts';

/** One partition, and the bounds of its purges. */
export interface PurgeParts {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly names: Names;
  readonly partition: number;
  readonly digests: Pick<Digests, 'cover' | 'since'>;
  readonly consumers: readonly LogConsumer[];
  /** Positions of folds, for which purges wait. */
  readonly folds: Pick<FoldProgress, 'floors'>;
  readonly hotWindowMs: number;
  /** Deduplication window: what is inside it stays also if the stream fills up. */
  readonly dedupeMs: number;
  /** Reads the floor of the partition: MongoDB may have lost messages that were acknowledged. */
  floor(): Promise<StoredFloor>;
  /** Time between two purges of messages older than the hot window. */
  readonly intervalMs: number;
  readonly health: Health;
  readonly metrics: WorkerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Removes stored messages from one LOG stream, and reports how much space it has. */
export class Purge {
  readonly #parts: PurgeParts;
  #dueAt: number;
  /** Time of the last purge that removed messages inside the hot window. */
  #shortenedAt = Number.NEGATIVE_INFINITY;
  #foreign: readonly string[] = [];
  readonly #hotEnds: SeenEnds;
  readonly #recentEnds: SeenEnds;

  constructor(parts: PurgeParts) {
    this.#parts = parts;
    this.#hotEnds = new SeenEnds(parts.hotWindowMs);
    this.#recentEnds = new SeenEnds(parts.dedupeMs);
    this.#dueAt = parts.clock.now() + parts.intervalMs;
  }

  /**
   * Looks at the stream once, and purges it if that is due or the stream fills up. Call it every few seconds: a busy stream fills
   * that fast.
   * @param consumers state of our consumers, read before this call
   * @param mayRemove false if MongoDB did not answer
   * @throws {StoreUnavailable} if MongoDB does not answer, {@link StoreRolledBack} if it lost messages
   */
  async run(consumers: readonly ConsumerState[], mayRemove: boolean): Promise<void> {
    const { jsm, names, partition, clock, hotWindowMs, dedupeMs, intervalMs } = this.#parts;
    const asked = clock.now();
    const info = await jsm.streams.info(names.logStream(partition));
    const { first_seq: first, last_seq: last, bytes } = info.state;
    const seen = { asked, answered: clock.now(), last };
    this.#hotEnds.note(seen);
    this.#recentEnds.note(seen);
    const size = { bytes, maxBytes: info.config.max_bytes };
    const due = clock.now() >= this.#dueAt;
    const wanted = due || isPressed(size);
    const hot = wanted ? await this.#firstIn(info, hotWindowMs, this.#hotEnds) : undefined;
    const recent = isPressed(size) ? await this.#firstIn(info, dedupeMs, this.#recentEnds) : undefined;
    const floors = await this.#parts.folds.floors(partition, { epoch: epochOf(info), first: Math.max(1, first), last });
    const claims = [...consumers.map(({ claim }) => claim), ...floors.map(claimOfFold)];
    if (wanted) claims.push(await claimOfLive(jsm, names.liveStream(partition)));
    const view = { first, last, ...size, claims, hot, recent };
    const plan = planPurge(view);
    this.#report(info, plan.nearlyFull);
    if (due) {
      this.#dueAt = clock.now() + intervalMs;
      await this.#lookForForeign();
    }
    if (mayRemove && plan.below !== null) await this.#removeStored(view);
  }

  /** First message inside a window, as {@link LogView.hot}. */
  async #firstIn(info: StreamInfo, windowMs: number, ends: SeenEnds): Promise<LogView['hot']> {
    const { connection, clock } = this.#parts;
    const byStamps = await firstInWindow(connection, info, windowMs);
    return ends.bound(clock.now(), byStamps);
  }

  async #removeStored(view: LogView): Promise<void> {
    const { complete, rolledBack } = await this.#parts.floor();
    if (rolledBack) throw new StoreRolledBack();
    const stored = { name: 'MongoDB', floor: complete, greatestLag: Number.POSITIVE_INFINITY };
    const { below, shortens } = planPurge({ ...view, claims: [...view.claims, stored] });
    if (below !== null && (await this.#isInLast(below))) await this.#remove(view.first, below, shortens);
  }

  /** True if the digests of all rooms have their entries below an offset: a worker of an earlier release writes over them. */
  async #isInLast(below: number): Promise<boolean> {
    const { digests, partition } = this.#parts;
    const cover = (await digests.cover(partition))?.value;
    if (cover?.checked === undefined || cover.below < below) return false;
    for (let at = cover.checked; ; ) {
      const since = [...(await digests.since(partition, at)).values()];
      if (since.length === 0) return true;
      if (since.some(({ value }) => !value?.deletions)) return false;
      at = Math.max(...since.map(({ revision }) => revision));
    }
  }

  /** Removes the messages from `first` to `below`, exclusive. MongoDB has them, and every fold. */
  async #remove(first: number, below: number, shortens: boolean): Promise<void> {
    const { jsm, metrics, clock, log, partition, names, hotWindowMs } = this.#parts;
    const { purged: removed } = await jsm.streams.purge(names.logStream(partition), { seq: below });
    metrics.purged.inc(removed);
    if (removed > 0) log.debug({ partition, first, removed }, 'stored messages were removed from the stream');
    if (!shortens || removed === 0) return;
    metrics.purgedInWindow.inc(removed);
    if (clock.now() - this.#shortenedAt > hotWindowMs)
      log.warn(
        { partition, stream: names.logStream(partition), hotWindowSeconds: hotWindowMs / 1_000 },
        'the stream is too small for the hot window: stored messages are removed before it has passed and are then read from MongoDB; raise CHAT_STREAM_MAX_BYTES or lower CHAT_HOT_WINDOW_SECONDS',
      );
    this.#shortenedAt = clock.now();
  }

  #report({ config, state }: StreamInfo, nearlyFull: boolean): void {
    const { partition, metrics, health, clock, hotWindowMs } = this.#parts;
    metrics.logBytes.set({ partition: String(partition) }, state.bytes);
    metrics.logMaxBytes.set({ partition: String(partition) }, config.max_bytes);
    // Reported until a whole window has passed: the next purge may shorten it again.
    const shortened = clock.now() - this.#shortenedAt < hotWindowMs;
    health.logIs(partition, nearlyFull ? 'NearlyFull' : shortened ? 'WindowShortened' : 'Enough');
  }

  async #lookForForeign(): Promise<void> {
    const { partition, jsm, names, consumers, metrics, log } = this.#parts;
    const stream = names.logStream(partition);
    const found = await foreignConsumers(jsm, stream, consumers);
    metrics.foreignConsumers.set({ partition: String(partition) }, found.length);
    const fresh = found.filter(name => !this.#foreign.includes(name));
    this.#foreign = found;
    if (fresh.length > 0)
      log.warn(
        { partition, stream, consumers: fresh },
        'other programs have durable consumers on the stream; purges do not wait for them, so they may miss messages',
      );
  }
}
