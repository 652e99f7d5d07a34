import { readControl } from '../../../server/fold/control.ts';
import { foldEntries } from '../../../server/fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../../../server/fold/room-state.ts';
import type { RoomStates } from '../../../server/membership/room-states.ts';
import type { RoomLog } from '../../../server/room/log.ts';
import { dataOf } from '../../../server/room/message.ts';
import type { RoomReader } from '../../../server/room/reader.ts';

/** Messages of one read. */
const PAGE = 1_000;
/** Rooms that are remembered: a state of a room with 1,000 members takes some 200 KB. */
const MOST_ROOMS = 1_000;

interface Read {
  readonly state: RoomState;
  /** Offset up to which the room's log is in the state. */
  readonly reached: number;
}

/** States of rooms, folded from the entries of each room in LOG and MongoDB. */
export class LogStates implements RoomStates {
  readonly #log: Pick<RoomLog, 'top'>;
  readonly #reader: Pick<RoomReader, 'after'>;
  /** The latest asked for last. */
  readonly #rooms = new Map<string, Read>();

  constructor(log: Pick<RoomLog, 'top'>, reader: Pick<RoomReader, 'after'>) {
    this.#log = log;
    this.#reader = reader;
  }

  current(room: string): Promise<RoomState> {
    return this.fresh(room);
  }

  upTo(room: string): Promise<RoomState> {
    return this.fresh(room);
  }

  /** Last known state; undefined for none. */
  known(room: string): RoomState | undefined {
    return this.#rooms.get(room)?.state;
  }

  async fresh(room: string): Promise<RoomState> {
    const top = await this.#log.top(room);
    let { state, reached } = this.#rooms.get(room) ?? { state: NO_ROOM, reached: 0 };
    // Without a top all messages of the room, if there are any, are in MongoDB alone.
    while (top === 0 || reached < top) {
      const { messages } = await this.#reader.after(room, reached, PAGE);
      const last = messages.at(-1);
      if (!last) break;
      state = foldEntries(
        state,
        messages.flatMap(entry => readControl(entry, dataOf(entry)) ?? []),
      );
      reached = last.offset;
    }
    return this.#remember(room, { state, reached });
  }

  renewed(room: string): Promise<RoomState> {
    return this.fresh(room);
  }

  async committed(_room: string, _state: RoomState, _users: readonly string[]): Promise<void> {}

  /** Keeps what reaches further, if several reads of a room ran at the same time. */
  #remember(room: string, read: Read): RoomState {
    const known = this.#rooms.get(room);
    const latest = known && known.reached > read.reached ? known : read;
    this.#rooms.delete(room);
    this.#rooms.set(room, latest);
    for (const oldest of this.#rooms.keys()) {
      if (this.#rooms.size <= MOST_ROOMS) break;
      this.#rooms.delete(oldest);
    }
    return latest.state;
  }
}
