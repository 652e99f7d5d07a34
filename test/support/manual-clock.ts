import type { Clock } from '../../client/clock.ts';
import { type Moment, momentAfter, type WallTime } from '../../server/time/clock.ts';

/** Clocks that move only when told to. The two are far apart, so that taking one for the other shows. */
export class ManualClock implements Clock {
  #now = 1_000_000 as Moment;
  #tasks: { readonly at: number; readonly task: () => void }[] = [];
  /** The time of day when the monotonic clock was 0. */
  #origin: number;

  /** @param wall the time of day, milliseconds since 1970 */
  constructor(wall = 1_700_000_000_000) {
    this.#origin = wall - this.#now;
  }

  now(): Moment {
    return this.#now;
  }

  wallClock(): WallTime {
    return (this.#origin + this.#now) as WallTime;
  }

  /** Moves the time of day alone, as an operator or NTP does; negative sets it back. */
  setWall(ms: number): void {
    this.#origin += ms;
  }

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.#now + ms, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter(other => other !== entry);
    };
  }

  /** Milliseconds from now at which the tasks that wait are due, soonest first. */
  get waiting(): readonly number[] {
    return this.#tasks.map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  /** Lets time pass and runs, in order, what falls due. */
  pass(ms: number): void {
    const end = momentAfter(this.#now, ms);
    for (;;) {
      const due = this.#tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#tasks = this.#tasks.filter(other => other !== due);
      this.#now = due.at as Moment;
      due.task();
    }
    this.#now = end;
  }
}
