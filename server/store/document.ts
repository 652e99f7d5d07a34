import { isUtf8 } from 'node:buffer';
import { Binary } from 'mongodb';
import type { Reaction } from '../fold/changes.ts';
import { type Mentions, readMentions } from '../fold/mentions.ts';
import { isPlainJson } from '../protocol/raw-json.ts';
import type { LoggedMessage } from '../room/history-store.ts';
import { dataOf, ERASED, NO_TARGETS, type StoredMessage } from '../room/message.ts';
import { mentionKeys } from './mention-keys.ts';

/** A message in the collection `messages`. Empty fields are left out, but for {@link MessageDocument.seen}. */
export interface MessageDocument {
  readonly _id: string;
  readonly partition: number;
  readonly room: string;
  readonly epoch: string;
  readonly offset: number;
  readonly type: string;
  readonly id?: string;
  readonly dedupe?: string;
  readonly time: Date;
  readonly user: string;
  readonly client: string;
  readonly traceparent?: string;
  readonly cv?: number;
  /** Version that its author was checked against, 0 for none; absent from a control entry, and where an earlier release wrote it. */
  readonly seen?: number;
  readonly targets?: readonly number[];
  /** Text, to be readable in MongoDB; bytes if it is not valid UTF-8, to be kept unchanged. */
  readonly body: string | Binary;
  /** 1 in a message that counts as unread; absent from other entries, from a deleted one, and where an earlier release wrote it. */
  readonly c?: 1;
  /** Offset of the last edit that counts; absent without one. */
  readonly rev?: number;
  /** Text of that edit. */
  readonly text?: string;
  /** Mentions of that edit, and its offset: a worker of an earlier release leaves those of an older edit. Absent for none. */
  readonly said?: Mentions & { readonly rev: number };
  /** Keys of whom the text mentions, see `mentionKeys`; absent for nobody, and where an earlier release stored the message. */
  readonly m?: readonly string[];
  /** Offsets of all edits of the message, which go with it. */
  readonly edits?: readonly number[];
  /** Offset of the delete of the message, whose texts are gone; its own for an entry that does not count; absent without one. */
  readonly deleted?: number;
  /** Reactions; absent for none. */
  readonly rx?: readonly Reaction[];
  /** Highest offset of a vote that was counted for {@link rx}. */
  readonly rxAt?: number;
}

/**
 * Key of a message: its partition, its offset and the time at which the stream stored it. A message that is read again, also
 * from a restored stream or under a new epoch, has the same key; another message at a reused offset has another key. Pure.
 */
export function messageKey(partition: number, message: Pick<LoggedMessage, 'offset' | 'storedAt'>): string {
  return `${partition}:${message.offset}:${message.storedAt}`;
}

/** True for an entry that counts as unread until it is deleted. Pure. */
export const isCountable = ({ type }: Pick<MessageDocument, 'type'>): boolean => type === 'message';

/** Document of a message. Inverse of {@link fromDocument}, but for `partition` and `storedAt`. */
export function toDocument(partition: number, message: LoggedMessage): MessageDocument {
  return {
    _id: messageKey(partition, message),
    partition,
    room: message.room,
    epoch: message.epoch,
    offset: message.offset,
    type: message.type,
    ...(message.id === '' ? {} : { id: message.id }),
    ...(message.dedupe === '' ? {} : { dedupe: message.dedupe }),
    time: dateOf(message),
    user: message.user,
    client: message.client,
    ...(message.traceparent === '' ? {} : { traceparent: message.traceparent }),
    ...(message.cv === 0 ? {} : { cv: message.cv }),
    ...(message.cv > 0 ? {} : { seen: message.seen }),
    ...(message.targets.length === 0 ? {} : { targets: message.targets }),
    ...(isCountable(message) ? { c: 1 } : {}),
    ...keysOf(message),
    body: isUtf8(message.body) ? Buffer.from(message.body).toString('utf8') : new Binary(message.body),
  };
}

/** Keys of whom a message mentions. Bodies of others are not parsed. */
function keysOf(message: LoggedMessage): Pick<MessageDocument, 'm'> {
  if (message.type !== 'message' || message.mentions === undefined) return {};
  const m = mentionKeys(message.room, message.offset, readMentions((dataOf(message) ?? {}) as Record<string, unknown>));
  return m.length > 0 ? { m } : {};
}

/** Message of a document. */
export function fromDocument(document: MessageDocument): StoredMessage {
  return {
    room: document.room,
    epoch: document.epoch,
    offset: document.offset,
    type: document.deleted === undefined ? document.type : ERASED,
    id: document.id ?? '',
    dedupe: document.dedupe ?? '',
    time: document.time.getTime(),
    user: document.user,
    client: document.client,
    traceparent: document.traceparent ?? '',
    cv: document.cv ?? 0,
    seen: document.seen ?? 0,
    targets: document.targets ?? NO_TARGETS,
    body: bodyOf(document),
  };
}

/** Message of a document, as LOG had it. */
export const loggedMessage = (document: MessageDocument): LoggedMessage => ({
  ...fromDocument(document),
  storedAt: Number(document._id.split(':')[2]),
});

const NULL = Buffer.from('null');

/** Replaces a body that is not one line of JSON, which an earlier version stored, by `null`: it would break a client's frame. */
function bodyOf({ body }: MessageDocument): Uint8Array {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body.value();
  return isPlainJson(bytes) ? bytes : NULL;
}

/** Falls back to the time of the stream if the header is not a time that BSON can hold. */
function dateOf(message: LoggedMessage): Date {
  const date = new Date(message.time);
  return Number.isNaN(date.getTime()) ? new Date(Math.floor(message.storedAt / 1_000)) : date;
}
