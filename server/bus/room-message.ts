import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { isPlainJson } from '../protocol/raw-json.ts';
import { HEADERS, type StoredMessage } from '../room/message.ts';
import { readEnvelope } from './envelope.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

/**
 * Reason why clients cannot receive a message of a stream; null if they can. Pure.
 * @param intact false if the headers could not be read as a whole
 */
export function unreadable(headers: MsgHdrs | undefined, intact: boolean, body: Uint8Array): string | null {
  if (!intact) return 'the headers cannot be read';
  if (!/^\d{0,9}$/.test(headers?.get(HEADERS.version) ?? '')) return `the header ${HEADERS.version} is not a number`;
  return isPlainJson(body) ? null : 'the body is not one line of JSON';
}

/** A message of a stream as a room receives it. */
export interface RoomMessage {
  /** Offset in the stream; 0 if no stream sent the message. */
  readonly offset: number;
  /**
   * Null if clients cannot receive it: malformed headers, a version that is not a number, or a
   * body that is not one line of JSON.
   */
  readonly message: StoredMessage | null;
}

/**
 * Reads a message that a stream delivered or returned. Never throws. Any NATS client that may publish may have written it, so
 * a body that could end a frame and forge the next one is not accepted.
 */
export function readRoomMessage(room: string, epoch: string, found: Msg): RoomMessage {
  const { headers, intact } = readHeaders(found);
  const offset = offsetOf(serverHeader(headers, 'Nats-Sequence'));
  if (offset === 0 || unreadable(headers, intact, found.data) !== null) return { offset, message: null };
  // Copied: the library's body is a slice of a larger read, and Buffer.from would share memory with other rooms.
  return { offset, message: readEnvelope(room, epoch, offset, headers, new Uint8Array(found.data)) };
}
