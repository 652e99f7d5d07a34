import type { Position } from '../protocol/codec.ts';
import { type Clock, sleep } from '../time/clock.ts';
import { ReadFailed, type RoomLog } from './log.ts';
import { REPLICA_PATIENCE_MS } from './replica-patience.ts';

/** Place of a room in its stream. */
export interface Place extends Position {
  /** Offset of the room's last message, or above: between this and {@link offset} the room has none. */
  readonly top: number;
  /** Last offset of the partition: between {@link offset} and this the room has no message. */
  readonly last: number;
}

export interface PlacesOptions {
  readonly log: RoomLog;
  /** Calls back in a few ms: rooms until then share one request. */
  readonly soon: (run: () => void) => void;
  readonly after: Clock['after'];
}

/** Options of {@link readLastOffsets}. */
export interface LastOffsetsOptions extends Pick<PlacesOptions, 'after'> {
  readonly log: Pick<RoomLog, 'tops' | 'purgedTops'>;
}

/** Rooms of one request: NATS answers at most 1,024. */
const SLICE = 1_000;

interface Lane {
  readonly partition: number;
  waiting: Map<string, PromiseWithResolvers<Place>>;
  /** True while a request is about to be sent or under way. */
  busy: boolean;
}

/**
 * Reads the places of rooms. When thousands of clients move at once, thousands of rooms open within seconds: the rooms of a
 * partition share one request, and a partition has one request under way, because NATS drops requests that come too fast.
 */
export class Places {
  readonly #options: PlacesOptions;
  readonly #lanes = new Map<number, Lane>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /**
   * Reads the place of a room, as of a moment after the call: its last message in LOG, or, if LOG has none, the end of the
   * partition.
   * @throws {ReadFailed}
   */
  of(room: string): Promise<Place> {
    const lane = this.#lane(this.#options.log.partitionOf(room));
    const asked = lane.waiting.get(room) ?? Promise.withResolvers<Place>();
    lane.waiting.set(room, asked);
    this.#start(lane);
    return asked.promise;
  }

  #lane(partition: number): Lane {
    const known = this.#lanes.get(partition);
    if (known) return known;
    const lane: Lane = { partition, waiting: new Map(), busy: false };
    this.#lanes.set(partition, lane);
    return lane;
  }

  #start(lane: Lane): void {
    if (lane.busy || lane.waiting.size === 0) return;
    lane.busy = true;
    this.#options.soon(() => void this.#ask(lane));
  }

  async #ask(lane: Lane): Promise<void> {
    const asked = lane.waiting;
    lane.waiting = new Map();
    try {
      const places = await readPlaces(this.#options, lane.partition, [...asked.keys()]);
      for (const [room, { resolve, reject }] of asked) {
        const place = places.get(room);
        if (place) resolve(place);
        else reject(new ReadFailed(`no answer for ${room}`));
      }
    } catch (error) {
      for (const { reject } of asked.values()) reject(error);
    }
    lane.busy = false;
    this.#start(lane);
  }
}

/** Reads places. The state is read first, so that a message stored meanwhile is above the answer. */
async function readPlaces(
  options: PlacesOptions,
  partition: number,
  rooms: readonly string[],
): Promise<Map<string, Place>> {
  const { log } = options;
  const { epoch, last } = await log.state(partition);
  const places = new Map<string, Place>();
  for (let start = 0; start < rooms.length; start += SLICE) {
    const slice = rooms.slice(start, start + SLICE);
    const offsets = await reachedTops(options, partition, slice, last);
    for (const [room, offset] of offsets) places.set(room, { offset, epoch, top: offset, last });
    const quiet = slice.filter(room => !offsets.has(room));
    // Read after LOG: a purge in between has been noted by then.
    const purged = quiet.length === 0 ? null : await log.purgedTops(partition, quiet);
    for (const room of quiet)
      places.set(room, { offset: last, epoch, top: Math.min(purged?.get(room) ?? last, last), last });
  }
  return places;
}

/**
 * Reads the offset of the last entry of each room of a partition, or one above it that has no entry of the room in between; 0 for none.
 * @param last offset that the partition had before the call: entries up to there are in the answer
 * @throws {ReadFailed}
 */
export async function readLastOffsets(
  options: LastOffsetsOptions,
  partition: number,
  rooms: readonly string[],
  last: number,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (let start = 0; start < rooms.length; start += SLICE) {
    const slice = rooms.slice(start, start + SLICE);
    const offsets = await reachedTops(options, partition, slice, last);
    const quiet = slice.filter(room => !offsets.has(room));
    const purged = quiet.length === 0 ? offsets : await options.log.purgedTops(partition, quiet);
    for (const room of slice) found.set(room, offsets.get(room) ?? purged.get(room) ?? 0);
  }
  return found;
}

/** Reads tops of rooms from a replica that has everything up to `last`. */
async function reachedTops(
  { log, after }: LastOffsetsOptions,
  partition: number,
  rooms: readonly string[],
  last: number,
): Promise<ReadonlyMap<string, number>> {
  for (const patience of [...REPLICA_PATIENCE_MS, null]) {
    const { offsets, upTo } = await log.tops(partition, rooms);
    if (upTo >= last) return offsets;
    if (patience !== null) await sleep({ after }, patience);
  }
  throw new ReadFailed(`a replica of the stream of partition ${partition} lags`);
}
