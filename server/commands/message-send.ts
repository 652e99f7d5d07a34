import { createHash } from 'node:crypto';
import type { Reply } from '../protocol/codec.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Stored } from '../room/log.ts';
import type { MessageBody } from '../room/message.ts';
import type { Session } from '../session/session.ts';
import { allow } from './allow.ts';

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
export function messageSend(session: Session, data: unknown, id: number): undefined {
  const request = check(data);
  const { room } = request;
  const identity = allow(session, room, 'send');
  const author = { identity, client: session.client };
  const { clocks, lookUps, messages } = session.context.chat;
  const isSurelyYoung = checkTime(session, request);
  const body: MessageBody = { type: 'message', id: request.id, text: request.text, time: clocks.wallClock() };
  const bytes = Buffer.from(JSON.stringify(body));
  messages.checkSize(bytes);
  messages.count(author, room, bytes);
  const dedupe = createHash('sha256')
    .update(JSON.stringify([identity.user, room, request.id]))
    .digest('base64url');

  const send = async () => {
    return answer(await messages.publish(author, { room, body: bytes, type: 'message', id: request.id, dedupe }));
  };
  const lookUp = async () => {
    const found = await lookUps.find(identity.user, room, { id: request.id, dedupe });
    return found && answer(found);
  };
  session.handOver(id, room, bytes.byteLength, send, isSurelyYoung ? undefined : lookUp);
}

/**
 * Whether JetStream knows the id if it was stored before: its window begins when it stored the message, which is not before
 * the id was made, give or take half a window for clocks that differ. Other ids have to be looked up.
 * @throws {CommandError} for an id from the future: sent again later it would be taken for a young one
 */
function checkTime(session: Session, { room, id }: Request): boolean {
  const { clocks, reportedTime, lookUps } = session.context.chat;
  const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const toleranceMs = lookUps.youngMs(room);
  if (time - reportedTime.latest() > toleranceMs) {
    const now = clocks.wallClock();
    const ahead = `id is ${Math.ceil((time - now) / 1000)} s ahead of the server's time, ${new Date(now).toISOString()}`;
    const advice = 'make ids by the time in the reply to connect';
    throw new CommandError(ERRORS.badRequest, `${ahead}; at most ${toleranceMs / 1000} s are allowed: ${advice}`);
  }
  return Math.abs(clocks.wallClock() - time) < toleranceMs;
}

const answer = ({ offset, epoch, duplicate }: Stored): Reply => ({
  method: 'rpc',
  data: Buffer.from(JSON.stringify({ offset, epoch, duplicate })),
});

function check(data: unknown): Request {
  const { room, id, text } = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  if (typeof room !== 'string') throw new CommandError(ERRORS.badRequest, 'room must be a string');
  if (typeof id !== 'string' || !UUID7.test(id))
    throw new CommandError(ERRORS.badRequest, 'id must be a UUIDv7 in lower case');
  if (typeof text !== 'string' || text === '') throw new CommandError(ERRORS.badRequest, 'text must not be empty');
  if (!text.isWellFormed()) throw new CommandError(ERRORS.badRequest, 'text must be well-formed Unicode');
  return { room, id, text };
}
