import type { Clock } from '../server/time/clock.ts';
import type { ReadMarks } from './read-marks.ts';
import { RoomList } from './room-list.ts';
import type { KeyValue } from './storage.ts';
import { SyncedRooms } from './synced-rooms.ts';
import type { ParamsOf, ResultOf } from './verbs.ts';

export type { RoomList } from './room-list.ts';

/** Makes the list of rooms of a user, kept in a storage. Marks of other devices that it learns of go to `marks`. */
export function keptRoomList(
  storage: KeyValue,
  user: string,
  marks: Pick<ReadMarks, 'heard'>,
  clock: Pick<Clock, 'now' | 'after'>,
  call: <V extends 'sync' | 'room.list'>(verb: V, params: ParamsOf<V>) => Promise<ResultOf<V>>,
): RoomList {
  const synced = new SyncedRooms({
    storage,
    user,
    sync: params => call('sync', { ...params, bumps: true }),
    marked: mark => void marks.heard({ type: 'mark', ...mark }),
  });
  return new RoomList(params => call('room.list', params), synced, clock);
}
