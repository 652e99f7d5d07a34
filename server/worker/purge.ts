import type { Logger } from 'pino';
import { forgetTops } from '../bus/forget-tops.ts';
import type { StreamInfo } from '../bus/jetstream-api.ts';
import type { LogConsumer } from '../bus/log-consumers.ts';
import type { NoteTopsParts } from '../bus/note-tops.ts';
import { type StoredFloor, StoreRolledBack } from '../room/history-store.ts';
import type { Clock } from '../time/clock.ts';
import { Repeats } from '../time/repeats.ts';
import type { Health } from './health.ts';
import { type ConsumerLook, claimOfLive, firstInWindow, foreignConsumers } from './log-look.ts';
import type { WorkerMetrics } from './metrics.ts';
import { purgeNoted } from './noted-purge.ts';
import { isNearlyFull, isPressed, type LogView, planPurge } from './purge-plan.ts';

export interface PurgeParts extends NoteTopsParts {
  readonly consumers: readonly LogConsumer[];
  readonly hotWindowMs: number;
  /** Rooms whose last offset LAST keeps. */
  readonly lastRooms: number;
  /** How far MongoDB has the partition now: what a consumer has acknowledged may be lost since. */
  floor(): Promise<StoredFloor>;
  /** Time between removals of what the hot window has left behind. */
  readonly intervalMs: number;
  readonly health: Health;
  readonly metrics: WorkerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Removes from one LOG stream what is stored and no longer wanted there, and tells how much room it has. */
export class Purge {
  readonly #parts: PurgeParts;
  #dueAt: number;
  /** When the hot window was last shortened. */
  #shortenedAt = Number.NEGATIVE_INFINITY;
  #foreign: readonly string[] = [];
  readonly #repeats: Repeats;

  constructor(parts: PurgeParts) {
    this.#parts = parts;
    this.#repeats = new Repeats(() => parts.clock.now());
    this.#dueAt = parts.clock.now() + parts.intervalMs;
  }

  /**
   * One look: to be taken often, because a busy stream fills in seconds.
   * @param looks what the consumers had acknowledged before this was called
   * @param mayRemove false while MongoDB does not tell what it has
   * @throws {StoreUnavailable} when MongoDB is away, and {@link StoreRolledBack} when it lost messages
   */
  async turn(looks: readonly ConsumerLook[], mayRemove: boolean): Promise<void> {
    const { connection, jsm, names, partition, clock, hotWindowMs, intervalMs } = this.#parts;
    const info = await jsm.streams.info(names.logStream(partition));
    const { first_seq: first, last_seq: last, bytes } = info.state;
    const size = { bytes, maxBytes: info.config.max_bytes };
    const due = clock.now() >= this.#dueAt;
    const wanted = due || isPressed(size);
    const hot = wanted ? await firstInWindow(connection, info, hotWindowMs) : undefined;
    const claims = looks.map(({ claim }) => claim);
    if (wanted) claims.push(await claimOfLive(jsm, names.liveStream(partition)));
    const view = { first, last, ...size, claims, hot };
    const plan = planPurge(view);
    this.#tell(info, plan.nearlyFull);
    if (due) {
      this.#dueAt = clock.now() + intervalMs;
      await this.#lookForForeign();
    }
    if (mayRemove && plan.below !== null) await this.#removeStored(view);
  }

  async #removeStored(view: LogView): Promise<void> {
    const { complete, rolledBack } = await this.#parts.floor();
    if (rolledBack) throw new StoreRolledBack();
    const stored = { name: 'MongoDB', floor: complete, greatestLag: Number.POSITIVE_INFINITY };
    const { below, shortens } = planPurge({ ...view, claims: [...view.claims, stored] });
    if (below !== null) await this.#remove(view.first, below, shortens, isNearlyFull(view));
  }

  /** Removes the messages [first, below): MongoDB has them. */
  async #remove(first: number, below: number, shortens: boolean, urgent: boolean): Promise<void> {
    const { metrics, clock, log, partition, names, hotWindowMs } = this.#parts;
    const { removed, noted, unnoted } = await purgeNoted(this.#parts, first, below, urgent);
    metrics.purged.inc(removed);
    metrics.lastRooms.inc(noted);
    if (removed > 0) log.debug({ partition, first, removed, noted }, 'stored messages were removed from the stream');
    if (unnoted !== null) {
      const reason = (unnoted as Error).message;
      const news = this.#repeats.news(reason);
      if (news)
        log.warn(
          { partition, reason, ...news },
          'LAST did not take the last offsets of rooms; the purge is tried again',
        );
    }
    if (noted > 0) await this.#forget();
    if (!shortens || removed === 0) return;
    metrics.purgedInWindow.inc(removed);
    if (clock.now() - this.#shortenedAt > hotWindowMs)
      log.warn(
        { partition, stream: names.logStream(partition), hotWindowSeconds: hotWindowMs / 1_000 },
        'the stream is too small for the hot window: stored messages are removed before it has passed, and are read from MongoDB; raise CHAT_STREAM_MAX_BYTES or lower CHAT_HOT_WINDOW_SECONDS',
      );
    this.#shortenedAt = clock.now();
  }

  /** LAST keeps a room for ever, and anyone may name a new one. */
  async #forget(): Promise<void> {
    const { partition, names, lastRooms, log } = this.#parts;
    const forgotten = await forgetTops(this.#parts, lastRooms).catch((error: Error) => {
      log.debug({ partition, reason: error.message }, 'LAST could not be brought back to its limit; it is tried again');
      return 0;
    });
    if (forgotten > 0)
      log.info(
        { partition, stream: names.lastStream(partition), forgotten, lastRooms },
        'LAST holds more rooms than CHAT_LAST_ROOMS: those quiet for longest were forgotten; who comes back to them reads MongoDB',
      );
  }

  #tell({ config, state }: StreamInfo, nearlyFull: boolean): void {
    const { partition, metrics, health, clock, hotWindowMs } = this.#parts;
    metrics.logBytes.set({ partition: String(partition) }, state.bytes);
    metrics.logMaxBytes.set({ partition: String(partition) }, config.max_bytes);
    // Until a whole window has passed without one: the next purge may shorten it again.
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
        'durable consumers of other programs are on the stream; it does not wait for them, so they may miss messages that are removed',
      );
  }
}
