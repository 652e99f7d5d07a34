import type { NatsConnection } from '@nats-io/transport-node';
import { type ControlEntry, readControl } from '../fold/control.ts';
import { PublishFailed, ReadFailed } from '../room/log.ts';
import { dataOf, type Envelope } from '../room/message.ts';
import { writeEnvelope } from './envelope.ts';
import { type ApiError, apiRequest, NO_MESSAGE_FOUND } from './jetstream-api.ts';
import { type Names, partitionOf } from './names.ts';
import { readRoomMessage } from './room-message.ts';
import { readRange } from './room-range.ts';

const TIMEOUT_MS = 5_000;

/** Single entries of LOG, as workers read and write them. */
export interface EntryLog {
  readonly partitions: number;
  partitionOf(room: string): number;
  /** Reads the body of an entry, from the leader; null if LOG does not have it. @throws {ReadFailed} */
  body(partition: number, offset: number): Promise<Uint8Array | null>;
  /** Reads the control entries of a room above an offset, ascending, with every one that was acknowledged before. @throws {ReadFailed} */
  controls(room: string, after: number): Promise<readonly ControlEntry[]>;
  /** True if LOG has an entry of a room with a key, by the word of the leader. @throws {ReadFailed} */
  hasKey(room: string, dedupe: string): Promise<boolean>;
  /** Stores an entry; one with the same key within the window is stored once. @throws {PublishFailed} */
  publish(room: string, body: Uint8Array, envelope: Envelope): Promise<void>;
}

/** Entries of LOG over a connection. */
export function entryLog(connection: NatsConnection, names: Names, partitions: number): EntryLog {
  const partition = (room: string) => partitionOf(room, partitions);
  return {
    partitions,
    partitionOf: partition,
    async body(index, offset) {
      const stream = names.logStream(index);
      const answer = await apiRequest<{ message: { data?: string } }>(
        connection,
        `STREAM.MSG.GET.${stream}`,
        { seq: offset },
        TIMEOUT_MS,
      );
      if ('ok' in answer) return Buffer.from(answer.ok.message.data ?? '', 'base64');
      if (answer.error.err_code === NO_MESSAGE_FOUND) return null;
      throw new ReadFailed(`${stream} answered ${answer.error.code} ${answer.error.description}`);
    },
    async controls(room, after) {
      const found: ControlEntry[] = [];
      const range = { partition: partition(room), room, after, upto: Number.POSITIVE_INFINITY };
      await readRange(connection, names, range, each => {
        const { message } = readRoomMessage(room, '', each);
        const entry = message && message.cv > 0 ? readControl(message, dataOf(message)) : null;
        if (entry) found.push(entry);
      });
      return found;
    },
    async hasKey(room, dedupe) {
      let found = false;
      const range = { partition: partition(room), room, after: 0, upto: Number.POSITIVE_INFINITY };
      await readRange(connection, names, range, each => {
        found ||= readRoomMessage(room, '', each).message?.dedupe === dedupe;
      });
      return found;
    },
    async publish(room, body, envelope) {
      const subject = names.log(partition(room), room);
      let error: ApiError | undefined;
      try {
        const reply = await connection.request(subject, body, {
          headers: writeEnvelope(envelope),
          timeout: TIMEOUT_MS,
        });
        error = reply.json<{ error?: ApiError }>().error;
      } catch (cause) {
        throw new PublishFailed('JetStream did not acknowledge', cause);
      }
      if (error) throw new PublishFailed(`JetStream refused: ${error.description}`);
    },
  };
}
