import type { NatsConnection } from '@nats-io/transport-node';
import type { RoomLog } from '../room/log.ts';
import { shareStarting } from '../room/share-starting.ts';
import type { Moment } from '../time/clock.ts';
import { directBatch } from './direct-read.ts';
import { readCover } from './last-entry.ts';
import type { Names } from './names.ts';

const TIMEOUT_MS = 2_000;
/** Age up to which a known offset is returned. */
const AGE_MS = 1_000;

/**
 * Makes a function that reads the offset up to which workers have taken the entries of a room's partition over into POLICY and
 * LAST: the end of the cover of LAST. Up to a second old, so possibly too low, never too high; 0 if it is not known.
 */
export function foldedTo(
  connection: NatsConnection,
  names: Names,
  log: Pick<RoomLog, 'partitionOf' | 'currentEpoch'>,
  now: () => Moment,
): (room: string) => Promise<number> {
  const known = new Map<number, { readonly offset: number; readonly at: Moment }>();
  const read = shareStarting(async (partition: number): Promise<number> => {
    const at = now();
    const request = { multi_last: [names.lastMark(partition)] };
    const [epoch, { messages }] = await Promise.all([
      log.currentEpoch(partition),
      directBatch(connection, names.lastStream(partition), request, TIMEOUT_MS),
    ]);
    const cover = messages[0] ? readCover(messages[0].data) : null;
    const offset = cover?.epoch === epoch ? cover.below - 1 : 0;
    known.set(partition, { offset, at });
    return offset;
  });
  return async room => {
    const partition = log.partitionOf(room);
    const last = known.get(partition);
    if (last && now() - last.at < AGE_MS) return last.offset;
    return await read(partition).catch(() => 0);
  };
}
