import type { Logger } from 'pino';
import type { MarksLog } from '../../bus/marks-log.ts';
import type { MarkWriter } from '../../membership/mark-archive.ts';
import type { ViewPosition } from '../../room/views.ts';
import { backoffMs } from '../../time/backoff.ts';
import { type Clock, sleep } from '../../time/clock.ts';
import { Repeats } from '../../time/repeats.ts';
import { RETRY } from '../../time/retry.ts';
import { type Lease, LeaseLost } from './fold.ts';

/** Name of the fold in leases, metrics and logs. */
export const MARKS = 'marks';

export interface MarksFoldParts {
  readonly marks: Pick<MarksLog, 'state' | 'after'>;
  readonly writer: MarkWriter;
  /** Resolves once the stream is known to be right and the store has answered, or `signal` aborts. */
  ready(signal: AbortSignal): Promise<void>;
  /** Called after each batch with its number of marks. */
  folded(marks: number): void;
  /** Called with the reason after each failure, and with null when folding works again. */
  failing(problem: string | null): void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** Pause while there is nothing to fold: a mark is in MongoDB after it. */
const IDLE_MS = 500;

/**
 * Writes the marks of the stream MARKS into MongoDB, where they only rise: so they may come again, from any position and from two
 * workers at once. The position is saved after each batch, and a holder that ends at any step is replaced without a loss.
 */
export class MarksFold {
  readonly name = MARKS;
  readonly #parts: MarksFoldParts;
  readonly #repeats: Repeats;

  constructor(parts: MarksFoldParts) {
    this.#parts = parts;
    this.#repeats = new Repeats(parts.clock.now);
  }

  /**
   * Folds under a lease until it ends. Never rejects.
   * @returns as {@link LeaseLost.later}
   */
  async run(lease: Lease): Promise<number> {
    const { failing, clock, random, log } = this.#parts;
    let later = 0;
    let failures = 0;
    const works = () => {
      if (failures > 0) failing(null);
      failures = 0;
    };
    while (!lease.signal.aborted) {
      try {
        await this.#follow(lease, works);
      } catch (error) {
        if (error instanceof LeaseLost) later = error.later;
        if (error instanceof LeaseLost || lease.signal.aborted) break;
        failures += 1;
        const reason = (error as Error).message;
        failing(reason);
        const news = this.#repeats.news(reason);
        if (news) log.warn({ fold: MARKS, reason, ...news }, 'marks could not be folded; tried again');
        await sleep(clock, backoffMs(RETRY, failures, random()), lease.signal);
      }
    }
    works();
    return later;
  }

  /** Follows the stream from the saved position until the lease ends or the stream does not continue. */
  async #follow(lease: Lease, works: () => void): Promise<void> {
    const { marks, writer, ready, folded, clock } = this.#parts;
    const { signal } = lease;
    await ready(signal);
    if (signal.aborted) return;
    let saved = await writer.readPosition();
    let position = startOf(saved, await marks.state());
    while (!signal.aborted) {
      const { marks: batch, upTo } = await marks.after(position.at);
      if (upTo === position.at) {
        works();
        await sleep(clock, IDLE_MS, signal);
        if (!continues(await marks.state(), position)) return;
        continue;
      }
      if (signal.aborted) return;
      await writer.raise(batch);
      folded(batch.length);
      position = { epoch: position.epoch, at: upTo };
      await this.#save(saved, position, lease);
      saved = position;
      works();
    }
  }

  async #save(saved: ViewPosition | null, position: ViewPosition, lease: Lease): Promise<void> {
    const { writer } = this.#parts;
    if (lease.signal.aborted) throw new LeaseLost(lease);
    if (await writer.savePosition(saved, position, lease.epoch)) return;
    const later = await writer.positionLease();
    if (later > lease.epoch) throw new LeaseLost(lease, later);
    throw new Error('MongoDB has another position of the fold marks than before'); // it was restored: read it again
  }
}

type State = Pick<Awaited<ReturnType<MarksLog['state']>>, 'epoch' | 'last'>;

/** True if a stream has everything above a position that it ever had there: it was not made again or restored. */
const continues = ({ epoch, last }: State, { epoch: own, at }: ViewPosition): boolean => epoch === own && last >= at;

/** Start of reading. Of a stream that was made again, or restored, all is folded again. */
const startOf = (saved: ViewPosition | null, state: State): ViewPosition =>
  saved && continues(state, saved) ? saved : { epoch: state.epoch, at: 0 };
