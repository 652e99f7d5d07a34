import type { Chance } from './chance.ts';
import type { CloseCause, Connection, Gateway } from './gateway.ts';
import type { Timeline } from './timeline.ts';

/** Clients wait at most so long before they connect again. */
export const LONGEST_RETRY_MS = 1_000;

/** Events of clients, as the clients recorded them. */
export interface Experience {
  /** Every close, in the order of time. */
  readonly closes: { readonly at: number; readonly cause: CloseCause }[];
}

/** A client: always wants one connection, wherever the load balancer leads. */
export class Client implements Connection {
  readonly #time: Timeline;
  readonly #chance: Chance;
  readonly #route: () => Gateway | undefined;
  readonly #experience: Experience;
  #closedBy: CloseCause | undefined;
  #lostAt: number | undefined;
  /** Numbers of connects, of closes on purpose and of reconnects. */
  moves = 0;
  /** Longest time between a close and the next connection, in milliseconds. */
  longestGapMs = 0;

  /** @param route the gateway a load balancer would lead to now */
  constructor(time: Timeline, chance: Chance, route: () => Gateway | undefined, experience: Experience) {
    this.#time = time;
    this.#chance = chance;
    this.#route = route;
    this.#experience = experience;
    this.#lostAt = time.now;
  }

  get isConnected(): boolean {
    return this.#lostAt === undefined;
  }

  connect(): void {
    if (!this.#route()?.accept(this)) return this.#connectSoon();
    const gapMs = this.#time.now - (this.#lostAt ?? this.#time.now);
    this.#lostAt = undefined;
    if (this.#closedBy === undefined) return;
    this.longestGapMs = Math.max(this.longestGapMs, gapMs);
    if (this.#closedBy !== 'Crashed') this.moves += 1;
  }

  closed(cause: CloseCause): void {
    this.#closedBy = cause;
    this.#lostAt = this.#time.now;
    this.#experience.closes.push({ at: this.#time.now, cause });
    this.#connectSoon();
  }

  #connectSoon(): void {
    this.#time.after(this.#chance.between(200, LONGEST_RETRY_MS), () => this.connect());
  }
}
