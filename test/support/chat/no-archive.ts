import type { RoomArchive } from '../../../server/membership/archive.ts';
import { StoreUnavailable } from '../../../server/room/history-store.ts';

const unavailable = () => Promise.reject(new StoreUnavailable('switched off'));

/** States of rooms in a MongoDB that is away. */
export const NO_ARCHIVE: RoomArchive = { room: unavailable, roomsOf: unavailable };
