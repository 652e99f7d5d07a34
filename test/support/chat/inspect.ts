import { type Collection, MongoClient } from 'mongodb';
import { connectNats } from '../../../server/bus/connect.ts';
import type { WithMetadata } from '../../../server/bus/epoch.ts';
import { apiRequest } from '../../../server/bus/jetstream-api.ts';
import { lostRangesOf } from '../../../server/bus/lost-ranges.ts';
import { names as namesOf, partitionOf } from '../../../server/bus/names.ts';
import type { OffsetRange } from '../../../server/room/log.ts';
import type { Config } from '../../../server/settings/config.ts';
import type { Teardown } from '../../../tools/support/backends.ts';

/** Looks into the streams and the database of a ChatCluster, past its processes. */
export interface Inspect {
  /** First offset in the stream of a room's partition: everything below has been purged. */
  firstOffset(room: string): Promise<number>;
  /** First offset in the LIVE stream of a room's partition. */
  firstLive(room: string): Promise<number>;
  /** Last offset in the stream of a room's partition. */
  lastOffset(room: string): Promise<number>;
  /** Offsets that a room's partition lost for ever. */
  lost(room: string): Promise<OffsetRange[]>;
  collection(name: string): Collection;
  /** Messages in MongoDB. */
  storedCount(): Promise<number>;
  /** Messages that MongoDB refused and the worker set aside. */
  rejectedCount(): Promise<number>;
}

export async function inspect(t: Teardown, config: Config): Promise<Inspect> {
  const names = namesOf(config.instance);
  const nats = await connectNats(config, 'test');
  t.after(() => nats.close());
  const mongo = new MongoClient(config.mongodbUri, { serverSelectionTimeoutMS: 5_000 });
  t.after(() => mongo.close());
  const count = (collection: string) => mongo.db(names.database).collection(collection).countDocuments();
  const info = async (stream: string) => {
    const answer = await apiRequest<WithMetadata & { state: { first_seq: number; last_seq: number } }>(
      nats,
      `STREAM.INFO.${stream}`,
      {},
      5_000,
    );
    if ('error' in answer) throw new Error(answer.error.description);
    return answer.ok;
  };
  const logOf = (room: string) => names.logStream(partitionOf(room, config.partitions));
  return {
    firstOffset: async room => (await info(logOf(room))).state.first_seq,
    lastOffset: async room => (await info(logOf(room))).state.last_seq,
    firstLive: async room => (await info(names.liveStream(partitionOf(room, config.partitions)))).state.first_seq,
    lost: async room => lostRangesOf(await info(logOf(room))),
    collection: name => mongo.db(names.database).collection(name),
    storedCount: () => count('messages'),
    rejectedCount: () => count('rejected'),
  };
}
