import { setTimeout as sleep } from 'node:timers/promises';
import { errors, type Msg, millis, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import {
  MessageRefused,
  type PartitionState,
  PublishFailed,
  ReadFailed,
  type RoomLog,
  type Stored,
  type Watch,
} from '../room/log.ts';
import type { Envelope } from '../room/message.ts';
import { shareStarting } from '../room/share-starting.ts';
import type { Moment } from '../time/clock.ts';
import { connectionState } from './connection-state.ts';
import { directBatch } from './direct-read.ts';
import { writeEnvelope } from './envelope.ts';
import { epochOf } from './epoch.ts';
import { type ApiError, apiRequest, HEADERS_TOO_LARGE, MESSAGE_TOO_LARGE, NO_MESSAGE_FOUND } from './jetstream-api.ts';
import { KnownEpochs } from './known-epochs.ts';
import { lostRangesOf } from './lost-ranges.ts';
import { type Names, partitionOf } from './names.ts';
import { readNewest } from './newest.ts';
import { mostBodyBytes } from './payload-limit.ts';
import { readPurgedTops } from './purged-tops.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';
import { incarnationStart } from './refill-plan.ts';
import { readRoomDeletions } from './room-deletions.ts';
import { readRoomMessage } from './room-message.ts';
import { readTops } from './tops.ts';
import { Unanswered } from './unanswered.ts';

/** Options of {@link roomLog}. */
export interface RoomLogOptions {
  readonly names: Names;
  readonly partitions: number;
  /** Milliseconds that JetStream has to acknowledge a message; read at each publish. */
  readonly publishTimeoutMs: () => number;
  readonly now: () => Moment;
  /** Called for each message that clients cannot receive. */
  readonly unreadable?: () => void;
  /** Test hook: returns true to lose a live message, as a network does. */
  readonly dropLive?: (room: string, offset: number) => boolean;
}

const READ_TIMEOUT_MS = 2_000;
/** Most bytes of one read, so that a read does not delay writes of the server for long. */
const READ_BYTES = 1024 * 1024;
/** Age up to which a known floor is returned. */
const FLOOR_AGE_MS = 1_000;
/** Most bytes of messages that wait for an acknowledgement. */
const MOST_UNANSWERED_BYTES = 64 * 1024 * 1024;
const ENVELOPE_BYTES = 500;
const textDecoder = new TextDecoder();

interface StreamInfo {
  readonly config: { readonly metadata?: Record<string, string>; readonly duplicate_window: number };
  readonly state: { readonly first_seq: number; readonly last_seq: number };
}

/**
 * The streams of NATS as {@link RoomLog}.
 * @param write connection for publishes and live messages
 * @param read connection for reads, so that a large read does not delay a publish
 */
export function roomLog(write: NatsConnection, read: NatsConnection, options: RoomLogOptions): RoomLog {
  const { names, partitions } = options;
  const epochs = new KnownEpochs(options.now);
  /** Milliseconds in which LOG recognises a repeated id, by partition. */
  const windows = new Map<number, number>();
  const floors = new Map<number, { floor: number; at: Moment }>();
  const partition = (room: string) => partitionOf(room, partitions);
  const stream = (room: string) => names.logStream(partition(room));
  const subject = (room: string) => names.log(partition(room), room);
  const connected = connectionState(write);
  const readable = connectionState(read);
  /** Rejects at once while the connection is down: the request would only time out. */
  const whileUp =
    <A extends unknown[], T>(request: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      if (!readable()) throw new ReadFailed('NATS is not connected');
      return await request(...args);
    };
  const unanswered = new Unanswered(MOST_UNANSWERED_BYTES);

  const decode = (room: string, found: Msg) => {
    const read = readRoomMessage(room, epochs.last(partition(room)), found);
    if (!read.message) options.unreadable?.();
    return read;
  };

  const leaderGet = whileUp(async (room: string, request: object): Promise<number> => {
    const answer = await apiRequest<{ message: { seq: number } }>(
      read,
      `STREAM.MSG.GET.${stream(room)}`,
      request,
      READ_TIMEOUT_MS,
    );
    if ('ok' in answer) return answer.ok.message.seq;
    if (answer.error.err_code === NO_MESSAGE_FOUND) return 0;
    throw refused(stream(room), answer.error);
  });

  const readState = async (index: number): Promise<PartitionState> => {
    const answer = await apiRequest<StreamInfo>(read, `STREAM.INFO.${names.logStream(index)}`, {}, READ_TIMEOUT_MS);
    if ('error' in answer) throw refused(names.logStream(index), answer.error);
    const epoch = epochOf(answer.ok);
    epochs.set(index, epoch);
    windows.set(index, millis(answer.ok.config.duplicate_window));
    const { first_seq: first, last_seq: last } = answer.ok.state;
    return { epoch, from: incarnationStart(answer.ok) ?? 1, first, last, lost: lostRangesOf(answer.ok) };
  };

  const state = whileUp(shareStarting(readState));
  const readOf = (index: number) => ({
    names,
    partition: index,
    timeoutMs: READ_TIMEOUT_MS,
    state: () => state(index),
  });
  const currentEpoch = (index: number) => epochs.current(index, () => state(index));
  /** Shares one flush among rooms that are opened together. */
  const flushed = shareStarting(() => flush(write));

  return {
    partitions,
    partitionOf: partition,
    connected,
    mostBodyBytes: () => mostBodyBytes(write),

    async publish(room, body, envelope): Promise<Stored> {
      // Otherwise it would be sent after the reconnect, when the client has got its answer.
      if (!connected()) throw new PublishFailed('NATS is not connected');
      if (!unanswered.open())
        throw new PublishFailed(`messages of ${MOST_UNANSWERED_BYTES} bytes wait for an acknowledgement`);
      const answer = publish(write, subject(room), body, envelope, options.publishTimeoutMs());
      const stored = unanswered.during(body.byteLength + ENVELOPE_BYTES, answer);
      const epoch = currentEpoch(partition(room)).catch((error: unknown) => {
        throw new PublishFailed('the epoch of the stream could not be read', error);
      });
      epoch.catch(() => undefined); // the error of the publish, which tells more, is reported first
      return { ...(await stored), epoch: await epoch };
    },

    watch: (room, live) =>
      new LiveWatch(
        write.subscribe(names.live(partition(room), room), {
          callback: (error, found) => {
            if (error) return;
            const { message } = decode(room, found);
            // A message left out is a gap, which the room repairs from LOG.
            if (!message || options.dropLive?.(room, message.offset)) return;
            live({ message, previous: offsetOf(serverHeader(readHeaders(found).headers, 'Nats-Last-Sequence')) });
          },
        }),
        flushed,
      ),

    readAfter: whileUp(async (room, after, limit) => {
      const request = { seq: after + 1, next_by_subj: subject(room), batch: limit, max_bytes: READ_BYTES };
      const batch = await directBatch(read, stream(room), request, READ_TIMEOUT_MS);
      const found = batch.messages.map(message => decode(room, message));
      return {
        messages: found.flatMap(({ message }) => message ?? []),
        pending: batch.pending,
        reached: found.at(-1)?.offset ?? after,
      };
    }),

    readLastBelow: whileUp(async (room, before) => {
      for (let below = before; below > 1; ) {
        const request = { multi_last: [subject(room)], up_to_seq: below - 1 };
        const [found] = (await directBatch(read, stream(room), request, READ_TIMEOUT_MS)).messages;
        if (!found) return null;
        const { message, offset } = decode(room, found);
        if (message) return message;
        below = offset;
      }
      return null;
    }),

    top: room => leaderGet(room, { last_by_subj: subject(room) }),
    next: (room, after) => leaderGet(room, { seq: after + 1, next_by_subj: subject(room) }),

    tops: whileUp((index, rooms) => readTops(read, rooms, readOf(index))),

    newest: whileUp((index, rooms) => readNewest(read, rooms, { ...readOf(index), decode })),

    purgedTops: whileUp((index, rooms) => readPurgedTops(read, rooms, readOf(index))),

    deletions: whileUp(room => readRoomDeletions(read, room, readOf(partition(room)))),

    state,
    currentEpoch,

    dedupeMs: index => windows.get(index) ?? Number.POSITIVE_INFINITY,
    storedFloor: whileUp(async index => {
      const known = floors.get(index);
      if (known && options.now() - known.at < FLOOR_AGE_MS) return known.floor;
      const at = options.now();
      const answer = await apiRequest<{ ack_floor: { stream_seq: number } }>(
        read,
        `CONSUMER.INFO.${names.logStream(index)}.${names.storeConsumer}`,
        {},
        READ_TIMEOUT_MS,
      );
      if ('error' in answer) throw refused(`consumer of ${names.logStream(index)}`, answer.error);
      floors.set(index, { floor: answer.ok.ack_floor.stream_seq, at });
      return answer.ok.ack_floor.stream_seq;
    }),
  };
}

const refused = (what: string, error: ApiError) =>
  new ReadFailed(`${what} answered ${error.code} ${error.description}`);

interface PublishAck {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: ApiError;
}

/** Error codes about the message itself: another attempt fails too. */
const PERMANENT: ReadonlySet<number> = new Set([MESSAGE_TOO_LARGE, HEADERS_TOO_LARGE]);
/** Error code `duplicate message id is in process`. */
const DUPLICATE_IN_PROCESS = 10_158;
const IN_PROCESS_WAIT_MS = 25;

async function publish(
  connection: NatsConnection,
  subject: string,
  body: Uint8Array,
  envelope: Envelope,
  timeoutMs: number,
): Promise<Omit<Stored, 'epoch'>> {
  const deadline = performance.now() + timeoutMs;
  const headers = writeEnvelope(envelope);
  const attempt = async (timeout: number): Promise<PublishAck> => {
    try {
      const reply = await connection.request(subject, body, { timeout, headers });
      return JSON.parse(textDecoder.decode(reply.data)) as PublishAck;
    } catch (error) {
      // The library refuses to send it: it is larger than the server accepts, or a header contains a line break.
      if (error instanceof errors.InvalidArgumentError)
        throw new MessageRefused(`NATS refuses the message: ${error.message}`, error);
      throw new PublishFailed('JetStream did not acknowledge', error);
    }
  };
  let ack = await attempt(timeoutMs);
  // With several replicas the first message with this id waits for the quorum: its offset is not known yet.
  while (ack.error?.err_code === DUPLICATE_IN_PROCESS && performance.now() + IN_PROCESS_WAIT_MS < deadline) {
    await sleep(IN_PROCESS_WAIT_MS);
    ack = await attempt(Math.max(1, deadline - performance.now()));
  }
  if (ack.error && PERMANENT.has(ack.error.err_code))
    throw new MessageRefused(`the stream refuses the message: ${ack.error.description}`);
  if (ack.error || !ack.seq) throw new PublishFailed(`JetStream refused: ${ack.error?.description ?? 'no sequence'}`);
  return { offset: ack.seq, duplicate: ack.duplicate === true };
}

/** A watch of one room. Small, because a gateway has one for each room. */
class LiveWatch implements Watch {
  readonly #subscription: Subscription;
  readonly #flushed: (connection: number) => Promise<void>;
  constructor(subscription: Subscription, flushed: (connection: number) => Promise<void>) {
    this.#subscription = subscription;
    this.#flushed = flushed;
  }
  ready(): Promise<void> {
    return this.#flushed(0); // there is one connection that watches
  }
  stop(): void {
    this.#subscription.unsubscribe();
  }
}

/** Flushes a connection, with a time-out: a flush waits as long as the connection is down. */
async function flush(connection: NatsConnection): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ReadFailed('NATS did not confirm the subscription in time')), READ_TIMEOUT_MS);
  });
  try {
    await Promise.race([connection.flush(), late]);
  } finally {
    clearTimeout(timer);
  }
}
