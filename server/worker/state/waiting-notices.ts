import type { SentKey } from '../../room/history-store.ts';
import type { Clock, Moment } from '../../time/clock.ts';

/** Entry of a log. */
export interface EntryPlace {
  readonly room: string;
  readonly offset: number;
}

/** Tells whether an inbox has a notice with this key; null if that cannot be told now. */
export type IsStored = (inbox: string, key: SentKey) => Promise<boolean | null>;

export interface WaitingNoticesParts {
  readonly isStored: IsStored;
  partitionOf(room: string): number;
  readonly clock: Pick<Clock, 'now'>;
}

/** Notices of one partition that wait. */
interface Waiting {
  /** Offset of the first entry with a notice that waits. */
  readonly first: number;
  /** One of them. */
  readonly sample: Parameters<IsStored>;
  askAt: Moment;
}

/** Time between two questions whether MongoDB answers. */
const ASK_MS = 2_000;

/**
 * Entries whose notices wait for MongoDB, which alone can tell whether they were stored before. The fold goes on without them, but its
 * saved position stays below the first one: so they survive the worker, and take no memory however many they are. Once MongoDB answers
 * the fold begins again from there, and stores what was not stored.
 */
export class WaitingNotices {
  readonly #parts: WaitingNoticesParts;
  readonly #waiting = new Map<number, Waiting>();

  constructor(parts: WaitingNoticesParts) {
    this.#parts = parts;
  }

  /** Notes that a notice of an entry waits. */
  add({ room, offset }: EntryPlace, ...sample: Waiting['sample']): void {
    const { partitionOf, clock } = this.#parts;
    const partition = partitionOf(room);
    const known = this.#waiting.get(partition);
    const first = Math.min(offset, known?.first ?? offset);
    this.#waiting.set(partition, known ? { ...known, first } : { first, sample, askAt: clock.now() });
  }

  /** Offset up to which no notice of a partition waits; infinite if none waits. */
  upTo(partition: number): number {
    return (this.#waiting.get(partition)?.first ?? Number.POSITIVE_INFINITY) - 1;
  }

  /** Forgets a partition: it is folded from its saved position on. */
  begin(partition: number): void {
    this.#waiting.delete(partition);
  }

  /** @throws {NoticesDue} if notices of the partition wait, and MongoDB answers: the fold is to begin again */
  async demandNone(partition: number): Promise<void> {
    const { isStored, clock } = this.#parts;
    const waiting = this.#waiting.get(partition);
    if (!waiting || clock.now() < waiting.askAt) return;
    waiting.askAt = (clock.now() + ASK_MS) as Moment;
    if ((await isStored(...waiting.sample)) !== null) throw new NoticesDue();
  }
}

class NoticesDue extends Error {
  constructor() {
    super('MongoDB answers: notices to users that waited for it are looked up, and stored if they were not');
    this.name = 'NoticesDue';
  }
}
