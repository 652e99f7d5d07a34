import type { Clock } from '../time/clock.ts';
import type { Room } from './room.ts';

export interface FirstChecksOptions {
  readonly now: () => number;
  readonly after: Clock['after'];
  /** Compares rooms with their streams. */
  readonly compare: (rooms: readonly Room[]) => void;
}

/** Time for a subscription to reach all NATS servers: the first server confirms it before the others know it. */
const DELAY_MS = 1_000;
/** Rooms that are due within this time are compared together. */
const TOGETHER_MS = 50;

/**
 * Compares each room with its stream once more, a second after it was opened: messages stored before the subscription reached
 * every server may not have come live. One timer for all rooms.
 */
export class FirstChecks {
  readonly #options: FirstChecksOptions;
  #waiting: { readonly room: Room; readonly at: number }[] = [];
  #armed = false;

  constructor(options: FirstChecksOptions) {
    this.#options = options;
  }

  /** Plans the check of a room that has just been opened. */
  opened(room: Room): void {
    this.#waiting.push({ room, at: this.#options.now() + DELAY_MS });
    this.#arm(DELAY_MS);
  }

  #arm(ms: number): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#options.after(ms, () => this.#run());
  }

  #run(): void {
    this.#armed = false;
    const now = this.#options.now();
    const due = this.#waiting.filter(({ at }) => at <= now);
    this.#waiting = this.#waiting.filter(({ at }) => at > now);
    const open = due.map(({ room }) => room).filter(room => !room.closed);
    if (open.length > 0) this.#options.compare(open);
    const [next] = this.#waiting;
    if (next) this.#arm(Math.max(next.at - now, TOGETHER_MS));
  }
}
