import type { Rooms } from './rooms.ts';

/** When rooms are compared with their streams: a share of them each second, and all when live messages may be lost. */
export class Rechecks {
  readonly #rooms: Rooms;
  readonly #seconds: () => number;
  #second = 0;
  /** All rooms are to be compared: nobody has begun, or it failed. */
  #owed = false;
  #comparing = false;

  /** @param seconds within which every room has its turn */
  constructor(rooms: Rooms, seconds: () => number) {
    this.#rooms = rooms;
    this.#seconds = seconds;
  }

  /** Call once a second. */
  tick(): void {
    if (this.#owed) void this.#all();
    else {
      const seconds = this.#seconds();
      void this.#rooms.recheck(this.#second++ % seconds, seconds);
    }
  }

  /**
   * Call when live messages may have been lost: a connection came back, or a stream has a new leader.
   * @param subscribed resolves when what is stored from then on comes live
   */
  async resumed(subscribed: Promise<void>): Promise<void> {
    await subscribed.catch(() => undefined); // the connection is gone again: the next one comes back too
    this.#owed = true;
    await this.#all();
  }

  /** One at a time: a cluster of servers elects many leaders at once. */
  async #all(): Promise<void> {
    if (this.#comparing) return;
    this.#comparing = true;
    this.#owed = false;
    let all = false;
    try {
      all = await this.#rooms.recheck();
    } finally {
      this.#comparing = false;
      this.#owed ||= !all;
    }
  }
}
