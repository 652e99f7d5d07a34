import type { Clock, Moment } from '../../time/clock.ts';
import type { FoldPosition, WorkerFold } from './fold.ts';

/** Distance of a fold from the end of LOG. */
export interface FoldLag {
  /** Offsets between the position and the end of LOG; all of LOG if the position is not known. */
  readonly entries: number;
  /** Seconds since the fold had everything that LOG had then. */
  readonly seconds: number;
}

/** Offset up to which a fold has everything. */
export interface FoldFloor {
  readonly fold: string;
  /** Null if the position is unknown, or of another epoch. */
  readonly floor: number | null;
}

/** End of a partition's LOG. */
export interface FoldTarget {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

/** Moment up to which a fold has everything, and the end of LOG at a later one that it does not have yet. */
interface Known {
  whole: Moment;
  sample: { readonly at: Moment; readonly last: number } | null;
}

export interface ProgressParts {
  readonly folds: readonly Pick<WorkerFold, 'name' | 'readPosition'>[];
  /** Called with each measured lag. */
  lag(fold: string, partition: number, lag: FoldLag): void;
  readonly clock: Clock;
}

/** Positions of folds, and their lag. */
export class FoldProgress {
  readonly #parts: ProgressParts;
  readonly #known = new Map<string, Known>();

  constructor(parts: ProgressParts) {
    this.#parts = parts;
  }

  /** Reads the positions of all folds, and reports their lag. */
  async floors(partition: number, target: FoldTarget): Promise<FoldFloor[]> {
    return await Promise.all(
      this.#parts.folds.map(async fold => {
        const position = await fold.readPosition(partition).catch(() => null);
        const floor = position?.epoch === target.epoch ? position.at : null;
        this.#measure(fold.name, partition, floor, target);
        return { fold: fold.name, floor };
      }),
    );
  }

  #measure(fold: string, partition: number, floor: FoldPosition['at'] | null, { first, last }: FoldTarget): void {
    const { clock, lag } = this.#parts;
    const now = clock.now();
    const at = floor ?? first - 1;
    const key = `${fold} ${partition}`;
    const known = this.#known.get(key) ?? { whole: now, sample: null };
    this.#known.set(key, known);
    known.sample ??= { at: now, last };
    if (at >= known.sample.last) {
      known.whole = at >= last ? now : known.sample.at;
      known.sample = at >= last ? null : { at: now, last };
    }
    lag(fold, partition, { entries: Math.max(0, last - at), seconds: (now - known.whole) / 1_000 });
  }
}
