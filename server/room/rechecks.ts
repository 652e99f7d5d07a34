import type { Rooms } from './rooms.ts';

/** Schedule of comparing rooms with their streams: a share of them each second, all when live messages may be lost. */
export class Rechecks {
  readonly #rooms: Rooms;
  readonly #seconds: () => number;
  #second = 0;
  /** True while all rooms have to be compared: that has not begun, or has failed. */
  #owed = false;
  #comparing = false;

  /** @param seconds time within which every room is compared once */
  constructor(rooms: Rooms, seconds: () => number) {
    this.#rooms = rooms;
    this.#seconds = seconds;
  }

  /** Compares the next share. Call once a second. */
  tick(): void {
    if (this.#owed) void this.#all();
    else {
      const seconds = this.#seconds();
      void this.#rooms.recheck(this.#second++ % seconds, seconds);
    }
  }

  /**
   * Compares all rooms. Call when live messages may have been lost: after a reconnect, or when a stream has a new leader.
   * @param subscribed resolves when messages stored from then on come live
   */
  async resumed(subscribed: Promise<void>): Promise<void> {
    await subscribed.catch(() => undefined); // the connection is gone again: the next reconnect follows
    this.#owed = true;
    await this.#all();
  }

  /** Compares all rooms, once at a time: a cluster of servers elects many leaders at once. */
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
