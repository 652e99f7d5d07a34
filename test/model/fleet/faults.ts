import type { Chance } from './chance.ts';
import type { Timeline } from './timeline.ts';

/** Faults between the operator and the cluster: lost and late answers of gateways, and writes that a policy refuses. */
export class Faults {
  readonly #time: Timeline;
  readonly #chance: Chance;
  /** Shares of answers that are lost. */
  readonly #losses = new Set<number>();
  readonly #delaysMs = new Set<number>();
  readonly #refused: ((object: string) => boolean)[] = [];

  constructor(time: Timeline, chance: Chance) {
    this.#time = time;
    this.#chance = chance;
  }

  /** Loses `share` of all answers for `ms`. */
  losePolls(share: number, ms: number): void {
    this.#losses.add(share);
    this.#time.after(ms, () => this.#losses.delete(share));
  }

  /** Lets answers take up to `longestMs` for `ms`. */
  delayPolls(longestMs: number, ms: number): void {
    this.#delaysMs.add(longestMs);
    this.#time.after(ms, () => this.#delaysMs.delete(longestMs));
  }

  /** Lets a policy refuse writes to objects such as `Pod r1-2` or `Deployment r1`. @param ms for ever without */
  refuseWrites(refuses: (object: string) => boolean, ms?: number): void {
    this.#refused.push(refuses);
    if (ms !== undefined) this.#time.after(ms, () => this.#refused.splice(this.#refused.indexOf(refuses), 1));
  }

  get isPollLost(): boolean {
    return [...this.#losses].some(share => this.#chance.yes(share));
  }

  /** Longest time an answer takes, in milliseconds. */
  get slowestMs(): number {
    return Math.max(100, ...this.#delaysMs);
  }

  refuses(object: string): boolean {
    return this.#refused.some(refuses => refuses(object));
  }
}
