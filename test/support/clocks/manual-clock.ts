import { type Clock, type Moment, momentAfter, type WallTime } from '../../../server/time/clock.ts';
import { settle } from './settle.ts';

interface Task {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that moves only when told to. Its two readings are far apart, so that taking one for the other shows. */
export class ManualClock implements Clock {
  #now: Moment;
  #tasks: Task[] = [];
  /** The time of day when the monotonic clock was 0. */
  #origin: number;

  /** @param wall the time of day, milliseconds since 1970 @param now the monotonic clock */
  constructor(wall = 1_700_000_000_000, now = 1_000_000) {
    this.#now = now as Moment;
    this.#origin = wall - now;
  }

  readonly now = (): Moment => this.#now;

  readonly wallClock = (): WallTime => (this.#origin + this.#now) as WallTime;

  readonly after = (ms: number, run: () => void): (() => void) => {
    const task = { at: this.#now + ms, run };
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter(other => other !== task);
    };
  };

  /** Moves the time of day alone, as an operator or NTP does; negative sets it back. */
  setWall(ms: number): void {
    this.#origin += ms;
  }

  /** Lets `ms` pass without anything having its turn, as on a machine that is too busy. */
  stall(ms: number): void {
    this.#now = momentAfter(this.#now, ms);
  }

  /** Milliseconds from now at which the tasks that wait are due, soonest first. */
  get waiting(): readonly number[] {
    return this.#tasks.map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  /** Lets time pass and runs, in order, what falls due. */
  pass(ms: number): void {
    const end = momentAfter(this.#now, ms);
    for (let task = this.#take(end); task; task = this.#take(end)) task.run();
    this.#now = end;
  }

  /** As {@link pass}; what waits for promises alone gets its turn before each task and after the last. */
  async passSettling(ms: number): Promise<void> {
    const end = momentAfter(this.#now, ms);
    await settle();
    for (let task = this.#take(end); task; task = this.#take(end)) {
      task.run();
      await settle();
    }
    this.#now = end;
  }

  /** The next task due until `end`; its time has come then. */
  #take(end: Moment): Task | undefined {
    const [next] = this.#tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
    if (!next) return undefined;
    this.#tasks = this.#tasks.filter(task => task !== next);
    this.#now = Math.max(this.#now, next.at) as Moment;
    return next;
  }
}
