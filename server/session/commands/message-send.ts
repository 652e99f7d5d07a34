import { createHash } from 'node:crypto';
import { ERRORS } from '../../protocol/codes.ts';
import { findStored } from '../../room/find-stored.ts';
import type { MessageBody } from '../../room/message.ts';
import { CommandError } from '../failure.ts';
import type { Session } from '../session.ts';
import { allow } from './allow.ts';
import { checkSize, store } from './publish.ts';

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

interface Request {
  readonly room: string;
  readonly id: string;
  readonly text: string;
}

/**
 * `message.send {room, id, text}` -> `{offset, epoch, duplicate}`. The id is a UUIDv7 of the client's: sent again, on
 * any connection and after any time, it answers the place of the first with `duplicate: true`.
 */
export function messageSend(session: Session, data: unknown, id: number): Promise<void> | undefined {
  const request = check(data);
  const { user } = allow(session, request.room, 'publish');
  const { wallClock, config } = session.context;
  const body: MessageBody = { type: 'message', id: request.id, text: request.text, time: wallClock() };
  const bytes = Buffer.from(JSON.stringify(body));
  checkSize(session, bytes);
  const dedupe = createHash('sha256')
    .update(JSON.stringify([user, request.room, request.id]))
    .digest('base64url');

  const send = () => {
    const stored = store(session, request.room, bytes, { type: 'message', id: request.id, dedupe });
    session.background(
      id,
      stored.then(({ offset, duplicate }) => answer(session, id, request.room, offset, duplicate)),
    );
  };
  // JetStream knows the ids of its window. An id that is not surely younger is looked up first.
  const age = Math.abs(wallClock() - Number.parseInt(request.id.slice(0, 8) + request.id.slice(9, 13), 16));
  if (age < (config.dedupeSeconds * 1000) / 2) {
    send();
    return undefined;
  }
  return findStored(session.context, request.room, dedupe).then(found => {
    if (found) return answer(session, id, request.room, found.offset, true);
    return send();
  });
}

async function answer(session: Session, id: number, name: string, offset: number, duplicate: boolean): Promise<void> {
  const { rooms, log } = session.context;
  const epoch = rooms.find(name)?.epoch || (await log.state(log.partitionOf(name))).epoch;
  session.reply(id, { method: 'rpc', data: Buffer.from(JSON.stringify({ offset, epoch, duplicate })) });
}

function check(data: unknown): Request {
  const { room, id, text } = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  if (typeof room !== 'string') throw new CommandError(ERRORS.badRequest, 'room must be a string');
  if (typeof id !== 'string' || !UUID7.test(id))
    throw new CommandError(ERRORS.badRequest, 'id must be a UUIDv7 in lower case');
  if (typeof text !== 'string' || text === '') throw new CommandError(ERRORS.badRequest, 'text must not be empty');
  if (!text.isWellFormed()) throw new CommandError(ERRORS.badRequest, 'text must be well-formed Unicode');
  return { room, id, text };
}
