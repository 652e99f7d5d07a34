import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { isPlainJson } from '../protocol/raw-json.ts';
import { HEADERS, type StoredMessage } from '../room/message.ts';
import { readEnvelope } from './envelope.ts';
import { offsetOf, readHeaders, serverHeader } from './read-headers.ts';

/**
 * The reason for which clients cannot have a message of a stream; null for one that they can. Pure.
 * @param intact false if the headers could not be read as a whole
 */
export function unreadable(headers: MsgHdrs | undefined, intact: boolean, body: Uint8Array): string | null {
  if (!intact) return 'the headers cannot be read';
  if (!/^\d{0,9}$/.test(headers?.get(HEADERS.version) ?? '')) return `the header ${HEADERS.version} is no number`;
  return isPlainJson(body) ? null : 'the body is not one line of JSON';
}

/** A message of a stream, read for delivery. */
export interface RoomMessage {
  /** Its place in the stream; 0 for what no stream sent. */
  readonly offset: number;
  /** Null when clients cannot have it: broken headers, a version that is no number, or a body that is not one line of JSON. */
  readonly message: StoredMessage | null;
}

/**
 * Reads a message that a stream delivered or answered. Any client of NATS with the right to publish may have written it:
 * nothing is thrown, and a body that would end a frame and forge the next one never passes.
 */
export function readRoomMessage(room: string, epoch: string, found: Msg): RoomMessage {
  const { headers, intact } = readHeaders(found);
  const offset = offsetOf(serverHeader(headers, 'Nats-Sequence'));
  if (offset === 0 || unreadable(headers, intact, found.data) !== null) return { offset, message: null };
  // A copy: the library's is a slice of a much larger read, and Buffer.from would share a block with other rooms.
  return { offset, message: readEnvelope(room, epoch, offset, headers, new Uint8Array(found.data)) };
}
