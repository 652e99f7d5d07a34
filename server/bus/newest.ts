import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { type Newest, type PartitionState, ReadFailed } from '../room/log.ts';
import type { StoredMessage } from '../room/message.ts';
import { type Cover, type Digest, readCover, readDigest } from './last-entry.ts';
import { lastValues } from './purged-tops.ts';
import { readHeaders, serverHeader } from './read-headers.ts';
import { readLast, roomOf, type TopsOptions } from './tops.ts';

export interface NewestOptions extends TopsOptions {
  /** Reads the state of LOG from the leader. */
  state(): Promise<PartitionState>;
  decode(room: string, found: Msg): { readonly message: StoredMessage | null; readonly offset: number };
}

/** Reads of a replica that lags, until the read fails. */
const ATTEMPTS = 4;

/** Content of LAST about rooms. */
interface Noted {
  readonly cover: Cover | null;
  readonly digests: ReadonlyMap<string, Digest | null>;
}

/**
 * Reads the ends of rooms of one partition in a constant number of requests: state, last entries and digests, and the state once more
 * if LOG lacks a room. Any replica may answer: what it may lack is known from the state and from the cover of LAST. Without LAST no
 * {@link Newest.countable} is known.
 * @param rooms at most 1,000
 * @throws {ReadFailed} if LOG does not answer, or its replica lags behind the leader
 */
export async function readNewest(
  connection: NatsConnection,
  rooms: readonly string[],
  options: NewestOptions,
): Promise<Map<string, Newest>> {
  const { epoch, last } = await options.state();
  const [found, noted] = await Promise.all([
    readUpTo(connection, rooms, last, options),
    readNoted(connection, rooms, options),
  ]);
  const ends = new Map(found.map(each => [roomOf(each), each]));
  // Read after LOG was found to lack a room: all entries of the room are below its beginning.
  const first = ends.size < rooms.length ? (await options.state()).first : 0;
  return new Map(
    rooms.map(room => {
      const message = ends.get(room);
      const { message: entry, offset } = message ? options.decode(room, message) : { message: null, offset: 0 };
      const below = offset > 0 ? offset + 1 : first;
      const countable = countableOf(noted, room, { epoch, below });
      return [room, { top: Math.max(offset, countable ?? 0), entry, countable }];
    }),
  );
}

/** @param upTo offset that the answer has to reach */
async function readUpTo(
  connection: NatsConnection,
  rooms: readonly string[],
  upTo: number,
  options: NewestOptions,
): Promise<readonly Msg[]> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const found = await readLast(connection, rooms, options);
    if (found.upTo >= upTo) return found.messages;
  }
  throw new ReadFailed(`a replica of ${options.names.logStream(options.partition)} lags`);
}

async function readNoted(connection: NatsConnection, rooms: readonly string[], options: TopsOptions): Promise<Noted> {
  const mark = options.names.lastMark(options.partition);
  let cover: Cover | null = null;
  const digests = new Map<string, Digest | null>();
  for (const message of await lastValues(connection, rooms, options)) {
    if (serverHeader(readHeaders(message).headers, 'Nats-Subject') === mark) cover = readCover(message.data);
    else digests.set(roomOf(message), readDigest(message.data));
  }
  return { cover, digests };
}

/** @param below offset below which all entries of the room are */
function countableOf(
  { cover, digests }: Noted,
  room: string,
  { epoch, below }: { readonly epoch: string; readonly below: number },
): number | null {
  if (cover?.lease === undefined || cover.epoch !== epoch || cover.below < below) return null;
  const digest = digests.get(room);
  // A room without a digest has no entry inside the cover.
  const countable = digest === undefined ? 0 : (digest?.countable ?? null);
  // Below the cover entries may be missing: one of them may be a later message.
  return countable !== null && (cover.from <= 1 || countable >= cover.from) ? countable : null;
}
