import type { NatsConnection } from '@nats-io/transport-node';
import { readMark } from '../fold/mark.ts';
import type { UserMark } from '../membership/mark-archive.ts';
import { directBatch } from './direct-read.ts';
import type { JetStreamManager } from './jetstream-api.ts';
import { type Names, roomOfToken } from './names.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

/** State of the stream MARKS. */
export interface MarksState {
  /** Incarnation of the stream: sequences of two are not compared. */
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
  /** Number of users in rooms whose marks it has. */
  readonly kept: number;
}

/** The stream MARKS in the order of its writes, for workers. Each call rejects if NATS does not answer in time. */
export interface MarksLog {
  /** Reads the state from the leader. */
  state(): Promise<MarksState>;
  /** Reads the next marks above a sequence, from any replica, and the sequence up to which these are all; the same one for none. */
  after(sequence: number): Promise<{ readonly marks: readonly UserMark[]; readonly upTo: number }>;
  /** Removes all but the newest `kept` marks. @returns the number removed */
  purge(kept: number): Promise<number>;
}

/** Marks of one read: MongoDB writes as many in some 50 ms. */
const BATCH = 1_000;
const TIMEOUT_MS = 5_000;

/** The stream MARKS of an instance. */
export function marksLog(connection: NatsConnection, jsm: JetStreamManager, names: Names): MarksLog {
  const stream = names.marksStream;
  return {
    async state() {
      const { created, state } = await jsm.streams.info(stream);
      return { epoch: created, first: state.first_seq, last: state.last_seq, kept: state.messages };
    },
    async after(sequence) {
      const request = { seq: sequence + 1, next_by_subj: names.marksSubjects, batch: BATCH };
      const { messages } = await directBatch(connection, stream, request, TIMEOUT_MS);
      const marks: UserMark[] = [];
      let upTo = sequence;
      for (const message of messages) {
        const { headers } = readHeaders(message);
        upTo = offsetOf(serverHeader(headers, 'Nats-Sequence'));
        const [room = '', user = ''] = serverHeader(headers, 'Nats-Subject').split('.').reverse();
        const mark = readMark(parsed(message.string()));
        // One that no gateway wrote is left out.
        if (mark) marks.push({ user: roomOfToken(user), room: roomOfToken(room), ...mark });
      }
      return { marks, upTo };
    },
    purge: async kept => (await jsm.streams.purge(stream, { keep: kept })).purged,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
