import type { Logger } from 'pino';
import { MessageRefused } from '../../room/log.ts';
import type { Clock } from '../../time/clock.ts';
import { Repeats } from '../../time/repeats.ts';

export interface RefusedWritesParts {
  /** Counts a write that is left out. */
  readonly refused: () => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Logger, 'error'>;
}

/** Room or user whose data is written. */
interface Owner {
  readonly room?: string;
  readonly user?: string;
}

/**
 * Writes of a fold, each with the data of one room or user. One that NATS refuses for good, such as a value that is too large, is
 * reported and left out: repeated for ever, it would stop the fold for all other rooms of the partition.
 */
export class RefusedWrites {
  readonly #parts: RefusedWritesParts;
  readonly #repeats: Repeats;

  constructor(parts: RefusedWritesParts) {
    this.#parts = parts;
    this.#repeats = new Repeats(() => parts.clock.now());
  }

  /** Makes a write. Rejects with every error but {@link MessageRefused}. */
  async attempt(owner: Owner, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      this.#parts.refused();
      const reason = error.message;
      const news = this.#repeats.news(reason);
      if (news)
        this.#parts.log.error({ ...owner, reason, ...news }, 'NATS refuses what the fold state writes; left out');
    }
  }
}
