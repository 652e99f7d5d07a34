import type { KindRules } from '../contract/room-kinds.ts';

/**
 * The message envelope, version 1. In the stream a message is a body (validated JSON without raw newlines, exactly the
 * bytes clients receive as `data`) and the headers below. Gateways splice the body, they never parse it.
 *
 * Compatibility: versions N and N+1 run side by side in every rollout, so a reader ignores headers it does not know and
 * delivers types it does not know as plain publications; a header never changes its meaning.
 */
export const HEADERS = {
  version: 'Chat-V',
  type: 'Chat-Type',
  /** The client's id of the message (UUIDv7); absent for a bare publish. */
  id: 'Chat-Id',
  /** Milliseconds since 1970 when the gateway accepted it: for people, never for order. */
  time: 'Chat-Time',
  /** Percent-encoded, because header values are ASCII. */
  user: 'Chat-User',
  /** Connection id of the sender. */
  client: 'Chat-Client',
  /** Version of the room that a control entry makes, see {@link Envelope.cv}. */
  control: 'Chat-Ctl',
  /** Version of the room that the author's rights were checked against. */
  seen: 'Chat-Seen',
  /** Offsets of the messages that an edit, a delete or a reaction is about, with commas between. */
  targets: 'Chat-Target',
  /** Present if the text of a message or an edit mentions users, see {@link Envelope.mentions}. */
  mentions: 'Chat-Mention',
  traceparent: 'traceparent',
  /** JetStream's deduplication key: hash of user, room and id; of a control entry `controlKey`. */
  dedupe: 'Nats-Msg-Id',
} as const;

export const ENVELOPE_VERSION = 1;

/**
 * Type of an entry of a room's log. `publish`: the client's own data. All others are made by verbs and have a body that the gateway
 * writes, see `server/fold/entry.ts` and `server/fold/control.ts`. Clients get the type as the tag `type` of the publication, which no client can write.
 */
export type MessageType =
  | 'publish'
  | 'message'
  | 'edit'
  | 'delete'
  | 'reaction'
  | 'hide'
  | 'room'
  | 'member'
  | 'contact'
  | 'me'
  | 'notice'
  | 'pair';

/** Type of an entry whose text the store has erased, because its message was deleted. No entry of LOG has it. */
export const ERASED = 'erased';

/**
 * Type of entries that gateways and workers alone read, and that are shown to no client. In an inbox: another user's acts on its user
 * have changed. In the room of two users: one blocks the other, or not any more.
 */
export const PAIR = 'pair';

/** Headers of a message. The gateway sets them: nothing in them is taken from the command of a client but its id. */
export interface Envelope {
  /** {@link MessageType}; another one if a newer version wrote it. */
  readonly type: string;
  /** Client's id; empty for a bare publish. */
  readonly id: string;
  /** Deduplication key; empty for a bare publish. */
  readonly dedupe: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly user: string;
  /** Connection of the sender. */
  readonly client: string;
  /** W3C trace context; empty for none. */
  readonly traceparent: string;
  /** Version of its room that a control entry makes, from 1: one above the version before. 0 for every other entry. */
  readonly cv: number;
  /** Version of its room that the gateway checked the author's rights against; 0 for none. */
  readonly seen: number;
  /** Offsets of the messages that an edit, a delete or a reaction is about; {@link NO_TARGETS} for every other entry. */
  readonly targets: readonly number[];
  /**
   * Present if the text of a message or an edit mentions users: messages that members of the room may read, by the kind when the entry
   * was made. Workers know no kinds, and read the bodies of such entries alone.
   */
  readonly mentions?: KindRules['history'];
}

/** Shared by all messages without targets, so that the list of each costs no memory. */
export const NO_TARGETS: readonly number[] = Object.freeze([]);

/** A message at its place in a room's order. */
export interface StoredMessage extends Envelope {
  readonly room: string;
  /** Incarnation of the partition's stream. */
  readonly epoch: string;
  /** Sequence in the partition's LOG stream: rises within a room, with gaps. */
  readonly offset: number;
  /** UTF-8 JSON without newline. */
  readonly body: Uint8Array;
}

/** Body of an entry as JSON; null for one that is none, which no gateway writes. */
export function dataOf({ body }: Pick<StoredMessage, 'body'>): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return null;
  }
}
