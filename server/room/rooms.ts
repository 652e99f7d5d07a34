import { itemsOf, MOST_ITEMS } from '../fold/state-items.ts';
import type { Moment } from '../time/clock.ts';
import { FirstChecks } from './first-checks.ts';
import type { PartitionState, RoomLog } from './log.ts';
import { Places, type PlacesOptions } from './places.ts';
import { type RepairCause, Room, type RoomOptions } from './room.ts';

export interface RoomsOptions extends Omit<RoomOptions, 'places'>, PlacesOptions {
  /** Time for which a room without members is kept, so that clients that reconnect find its tail. */
  readonly lingerMs: () => number;
  readonly now: () => Moment;
}

/** Rooms of one request: NATS answers at most 1,024. */
const SLICE = 1_000;
/**
 * Most rooms without members that are kept, with at most {@link MOST_ITEMS} in their states: each costs memory and a subscription, and
 * any client may name new ones.
 */
const MOST_IDLE = 10_000;

/** Rooms of one gateway, by name. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #idle = new Map<Room, Moment>();
  readonly #options: RoomsOptions;
  readonly #roomOptions: RoomOptions;
  readonly #log: RoomLog;
  readonly #firstChecks: FirstChecks;
  /** Reads the last offsets of rooms from the streams, also of rooms that are not open here. */
  readonly places: Places;
  #opened = 0;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#log = options.log;
    this.places = new Places(options);
    this.#roomOptions = { ...options, places: this.places };
    this.#firstChecks = new FirstChecks({ ...options, compare: rooms => void this.#compare(rooms, 'opening') });
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** Members of all rooms, counted once a room. */
  subscriptions(): number {
    let count = 0;
    for (const room of this.#rooms.values()) count += room.members.size;
    return count;
  }

  find(name: string): Room | undefined {
    const room = this.#rooms.get(name);
    return room?.closed ? undefined : room;
  }

  /** Returns the room, and opens it if it is not open. It stays while it has members, and `lingerMs` longer. */
  open(name: string): Room {
    const found = this.#rooms.get(name);
    if (found?.closed)
      this.#forget(found); // its stream is gone
    else if (found) {
      if (this.#idle.has(found)) this.#idle.set(found, this.#options.now());
      return found;
    }
    const room = new Room(name, this.#roomOptions, this.#opened++);
    this.#rooms.set(name, room);
    this.#idle.set(room, this.#options.now());
    room.ready().then(
      () => this.#firstChecks.opened(room),
      () => this.#close(room), // the next call tries again
    );
    return room;
  }

  /** Closes rooms that had no members for `lingerMs`, and those above the limits of rooms without members. Call about once a second. */
  sweep(): void {
    const now = this.#options.now();
    for (const room of this.#rooms.values()) {
      if (room.members.size + room.lane.joining > 0) this.#idle.delete(room);
      else if (!this.#idle.has(room)) this.#idle.set(room, now);
      else if (now - (this.#idle.get(room) ?? now) >= this.#options.lingerMs()) this.#close(room);
    }
    let [rooms, items] = [0, 0];
    for (const room of [...this.#idle.keys()].reverse()) {
      rooms += 1;
      items += itemsOf(room.lane.state);
      if (rooms > MOST_IDLE || items > MOST_ITEMS) this.#close(room); // and all that are idle for longer
    }
  }

  /**
   * Compares one of `shares` equal shares of the rooms with the streams, and repairs what the live flow lost. Never rejects:
   * failures are reported as events.
   * @returns false if a room could not be compared
   */
  async recheck(share = 0, shares = 1): Promise<boolean> {
    const rooms = [...this.#rooms.values()].filter(room => room.number % shares === share);
    return await this.#compare(rooms, 'recheck');
  }

  closeAll(): void {
    for (const room of [...this.#rooms.values()]) this.#close(room);
  }

  async #compare(list: readonly Room[], cause: RepairCause): Promise<boolean> {
    if (!this.#log.connected()) return false; // after the reconnect all rooms are compared
    let all = true;
    const byPartition = Map.groupBy(list, room => this.#log.partitionOf(room.name));
    for (const [partition, rooms] of byPartition) {
      try {
        const ahead = aheadOf(rooms);
        const state = await this.#log.state(partition);
        if (ahead.epoch === state.epoch && ahead.latest > state.last)
          this.#options.control.lost(ahead.name, state.epoch, ahead.latest);
        this.#compareEpoch(state, rooms);
        for (let start = 0; start < rooms.length; start += SLICE)
          if (!(await this.#compareTops(partition, state, rooms.slice(start, start + SLICE), cause))) all = false;
      } catch (error) {
        all = false;
        this.#options.events.repairFailed(`partition ${partition}`, error);
      }
    }
    return all;
  }

  #compareEpoch(state: PartitionState, rooms: readonly Room[]): void {
    for (const room of rooms) {
      if (room.epoch === '' || room.epoch === state.epoch || room.closed) continue;
      this.#forget(room);
      room.invalidate();
    }
  }

  /** @returns false if the replica that answered lags behind the leader */
  async #compareTops(
    partition: number,
    state: PartitionState,
    rooms: readonly Room[],
    cause: RepairCause,
  ): Promise<boolean> {
    const { offsets, upTo } = await this.#log.tops(
      partition,
      rooms.map(room => room.name),
    );
    // Since its last comparison a room may have missed messages that LOG has purged.
    const behind = rooms.filter(room => !offsets.has(room.name) && state.first > room.whole + 1);
    const purged =
      behind.length === 0
        ? null
        : await this.#log.purgedTops(
            partition,
            behind.map(room => room.name),
          );
    for (const room of rooms) {
      const top = offsets.get(room.name) ?? 0;
      room.compared(top, Math.min(upTo, state.last), purged?.get(room.name) ?? state.first - 1, cause);
    }
    return upTo >= state.last;
  }

  #close(room: Room): void {
    this.#forget(room);
    room.close();
  }

  #forget(room: Room): void {
    this.#idle.delete(room);
    if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name);
  }
}

/** Name, epoch and position of the room that has delivered the highest offset. */
function aheadOf(rooms: readonly Room[]): Pick<Room, 'name' | 'epoch' | 'latest'> {
  const { name, epoch, latest } = rooms.reduce((ahead, room) => (room.latest > ahead.latest ? room : ahead));
  return { name, epoch, latest };
}
