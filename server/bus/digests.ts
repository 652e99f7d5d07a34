import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { ReadFailed } from '../room/log.ts';
import { directBatch } from './direct-read.ts';
import { apiRequest, NO_MESSAGE_FOUND, WRONG_LAST_SEQUENCE } from './jetstream-api.ts';
import { type Cover, type Digest, readCover, readDigest, writeCover, writeDigest } from './last-entry.ts';
import { type Names, roomOfToken } from './names.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

/** A value of LAST, and the sequence that wrote it. */
export interface Revised<T> {
  readonly value: T;
  readonly revision: number;
}

/** Another process wrote the entry meanwhile: nothing was written. */
export class DigestTaken extends Error {
  constructor(subject: string) {
    super(`another process wrote ${subject}`);
    this.name = 'DigestTaken';
  }
}

/**
 * The LAST streams, as the fold `state` reads and writes them. Every write is a compare-and-set with the revision that was read; 0
 * for an entry that does not exist. Calls reject if NATS does not answer in time; a write may have happened then.
 */
export interface Digests {
  /** Reads the cover from the leader; null for none. */
  cover(partition: number): Promise<Revised<Cover> | null>;
  /** @returns the new revision @throws {DigestTaken} */
  writeCover(partition: number, cover: Cover, revision: number): Promise<number>;
  /** Reads digests from any replica, which may lag: a write then fails. Rooms without one are left out. */
  read(partition: number, rooms: readonly string[]): Promise<Map<string, Revised<Digest | null>>>;
  /** Reads one digest from the leader; null for none. */
  readSurely(partition: number, room: string): Promise<Revised<Digest | null> | null>;
  /** @returns the new revision @throws {DigestTaken} */
  write(partition: number, room: string, digest: Digest, revision: number): Promise<number>;
  /** Reads the digests written after a revision, from any replica, at most {@link MOST_SINCE}. The cover is left out. */
  since(partition: number, revision: number): Promise<Map<string, Revised<Digest | null>>>;
}

/** Subjects of one read: the server answers for at most 1,024. */
const SLICE = 1_000;
/** Most entries of one {@link Digests.since}. */
const MOST_SINCE = 1_000;
const TIMEOUT_MS = 5_000;

/** The LAST streams of an instance. */
export function digests(connection: NatsConnection, names: Names): Digests {
  const parsed = (messages: readonly Msg[], mark: string) => {
    const found = new Map<string, Revised<Digest | null>>();
    for (const message of messages) {
      const { headers: own } = readHeaders(message);
      const subject = serverHeader(own, 'Nats-Subject');
      if (subject === mark) continue;
      const revision = offsetOf(serverHeader(own, 'Nats-Sequence'));
      found.set(roomOfToken(subject.slice(subject.lastIndexOf('.') + 1)), {
        value: readDigest(message.data),
        revision,
      });
    }
    return found;
  };

  const readSome = async (partition: number, rooms: readonly string[]): Promise<ReturnType<typeof parsed>> => {
    const multi_last = rooms.map(room => names.last(partition, room));
    const batch = await directBatch(connection, names.lastStream(partition), { multi_last }, TIMEOUT_MS);
    if (batch.pending === 0) return parsed(batch.messages, names.lastMark(partition));
    // The server stops after 64 MB.
    const half = Math.ceil(rooms.length / 2);
    if (half === rooms.length) throw new ReadFailed(`part of the answer of ${names.lastStream(partition)} is missing`);
    const parts = [await readSome(partition, rooms.slice(0, half)), await readSome(partition, rooms.slice(half))];
    return new Map(parts.flatMap(part => [...part]));
  };

  const leaderGet = async (partition: number, subject: string): Promise<Revised<Uint8Array> | null> => {
    const stream = names.lastStream(partition);
    const answer = await apiRequest<{ message: { seq: number; data?: string } }>(
      connection,
      `STREAM.MSG.GET.${stream}`,
      { last_by_subj: subject },
      TIMEOUT_MS,
    );
    if ('ok' in answer)
      return { value: Buffer.from(answer.ok.message.data ?? '', 'base64'), revision: answer.ok.message.seq };
    if (answer.error.err_code === NO_MESSAGE_FOUND) return null;
    throw new ReadFailed(`${stream} answered ${answer.error.code} ${answer.error.description}`);
  };

  const write = async (subject: string, value: string, revision: number): Promise<number> => {
    const expected = headers();
    expected.set('Nats-Expected-Last-Subject-Sequence', String(revision));
    const reply = await connection.request(subject, value, { headers: expected, timeout: TIMEOUT_MS });
    const { seq = 0, error } = reply.json<{ seq?: number; error?: { err_code: number; description: string } }>();
    if (error?.err_code === WRONG_LAST_SEQUENCE) throw new DigestTaken(subject);
    if (error || seq === 0) throw new Error(`LAST refused a write: ${error?.description ?? 'no sequence'}`);
    return seq;
  };

  return {
    async cover(partition) {
      const found = await leaderGet(partition, names.lastMark(partition));
      const value = found && readCover(found.value);
      // An invalid one is overwritten: it covers nothing.
      return found && { value: value ?? { epoch: '', from: 1, below: 1 }, revision: found.revision };
    },
    writeCover: (partition, cover, revision) => write(names.lastMark(partition), writeCover(cover), revision),
    async read(partition, rooms) {
      const found = new Map<string, Revised<Digest | null>>();
      for (let start = 0; start < rooms.length; start += SLICE)
        for (const [room, digest] of await readSome(partition, rooms.slice(start, start + SLICE)))
          found.set(room, digest);
      return found;
    },
    async readSurely(partition, room) {
      const found = await leaderGet(partition, names.last(partition, room));
      return found && { value: readDigest(found.value), revision: found.revision };
    },
    write: (partition, room, digest, revision) => write(names.last(partition, room), writeDigest(digest), revision),
    async since(partition, revision) {
      const request = { seq: revision + 1, next_by_subj: names.lastSubjects(partition), batch: MOST_SINCE };
      const batch = await directBatch(connection, names.lastStream(partition), request, TIMEOUT_MS);
      return parsed(batch.messages, names.lastMark(partition));
    },
  };
}
