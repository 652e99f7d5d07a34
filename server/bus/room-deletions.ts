import type { NatsConnection } from '@nats-io/transport-node';
import type { Deletions, PartitionState } from '../room/log.ts';
import { readDeletions } from './deletions.ts';
import { directBatch } from './direct-read.ts';
import { type Cover, type Digest, readCover, readDigest } from './last-entry.ts';
import type { Names } from './names.ts';
import { readHeaders, serverHeader } from './read-headers.ts';

export interface RoomDeletionsOptions {
  readonly names: Names;
  readonly partition: number;
  readonly timeoutMs: number;
  /** Reads the state of LOG from the leader. */
  state(): Promise<PartitionState>;
}

/** Entries of LAST about one room, as one replica has them together. */
interface Known {
  readonly cover: Cover | null;
  /** Null for an invalid one; undefined for none. */
  readonly digest: Digest | null | undefined;
}

/**
 * Reads the deletes of a room: from its digest in LAST, and above that from LOG. Any replica of LAST may answer: an older cover
 * only means that more of LOG is read. Without LAST all entries of the room in LOG are read.
 * @throws {ReadFailed} if LOG does not answer
 */
export async function readRoomDeletions(
  connection: NatsConnection,
  room: string,
  options: RoomDeletionsOptions,
): Promise<Deletions> {
  const { names, partition } = options;
  const { epoch, first, last } = await options.state();
  const { cover, digest } = await readKnown(connection, room, options);
  const after = Math.max(first - 1, knownUpTo(cover, digest, epoch, first));
  const recent = await readDeletions(connection, names, { partition, room, after, upto: last });
  return { targets: (digest?.deletions ?? []).flatMap(each => each.targets), recent, upto: last };
}

/** Offset up to which a digest names every delete that LOG has. Pure. */
export function knownUpTo(
  cover: Cover | null,
  digest: Digest | null | undefined,
  epoch: string,
  first: number,
): number {
  if (cover?.lease === undefined || cover.epoch !== epoch) return 0;
  // A room without a digest has no entry inside the cover.
  if (digest === undefined) return cover.from <= first ? cover.below - 1 : 0;
  if (!digest?.deletions) return 0;
  return digest.at ?? cover.below - 1;
}

async function readKnown(
  connection: NatsConnection,
  room: string,
  { names, partition, timeoutMs }: RoomDeletionsOptions,
): Promise<Known> {
  const mark = names.lastMark(partition);
  const request = { multi_last: [names.last(partition, room), mark] };
  const { messages } = await directBatch(connection, names.lastStream(partition), request, timeoutMs).catch(() => ({
    messages: [],
  }));
  let cover: Cover | null = null;
  let digest: Digest | null | undefined;
  for (const message of messages) {
    if (serverHeader(readHeaders(message).headers, 'Nats-Subject') === mark) cover = readCover(message.data);
    else digest = readDigest(message.data);
  }
  return { cover, digest };
}
