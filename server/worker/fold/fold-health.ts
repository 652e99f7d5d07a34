import type { BackendHealth } from '../../contract/backends.ts';
import type { FoldLag } from './progress.ts';

/** Seconds behind LOG from which a fold is reported: a restart or a change of holders takes less. */
const LATE_SECONDS = 60;

interface State {
  readonly fold: string;
  lag: FoldLag;
  problem: string | null;
}

/** Lag of the folds as a worker reports it. */
export class FoldHealth {
  readonly #states = new Map<string, State>();
  #marks: string | null = null;

  /** @param problem of the stream MARKS, which may not be purged; null for none */
  marksGrow(problem: string | null): void {
    this.#marks = problem;
  }

  lagIs(fold: string, partition: number, lag: FoldLag): void {
    this.#of(fold, partition).lag = lag;
  }

  /** @param problem of this worker's last attempt; null once it works */
  failing(fold: string, partition: number, problem: string | null): void {
    this.#of(fold, partition).problem = problem;
  }

  /** True if the fold of a partition is late. */
  isLate(fold: string, partition: number): boolean {
    return this.#of(fold, partition).lag.seconds >= LATE_SECONDS;
  }

  /** Lag of the fold that is furthest behind; empty before the first measurement. */
  report(): Pick<BackendHealth, 'folds'> {
    const byFold = Map.groupBy(this.#states.values(), ({ fold }) => fold);
    if (byFold.size === 0) return {};
    const lags = [...byFold.values()].map(states => states.reduce((sum, { lag }) => sum + lag.entries, 0));
    const reasons = [...byFold].flatMap(([fold, states]) => {
      const late = states.filter(({ lag }) => lag.seconds >= LATE_SECONDS);
      if (late.length === 0) return [];
      const problem = late.find(state => state.problem !== null)?.problem;
      return [`the fold ${fold} is more than ${LATE_SECONDS} s behind${problem ? `: ${problem}` : ''}`];
    });
    return {
      folds: {
        lag: Math.max(...lags),
        reason: [...reasons.sort(), ...(this.#marks === null ? [] : [this.#marks])].join('; '),
      },
    };
  }

  #of(fold: string, partition: number): State {
    const key = `${fold} ${partition}`;
    const state = this.#states.get(key) ?? { fold, lag: { entries: 0, seconds: 0 }, problem: null };
    this.#states.set(key, state);
    return state;
  }
}
