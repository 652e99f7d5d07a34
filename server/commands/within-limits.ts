import { BURST_SECONDS, takePublished, takeRoom } from '../chat/users.ts';
import { OPTIONS, type OptionName } from '../contract/options.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Session } from '../session/session.ts';

/** Limits that clients share, by the name they have in the metric of commands they refused. */
export type Limit = 'user_connections' | 'user_bytes' | 'user_rooms' | 'room_messages';

const exceeded = (session: Session, limit: Limit, option: OptionName, what: string): CommandError => {
  session.context.metrics.limited.inc({ limit });
  return new CommandError(ERRORS.tooManyRequests, `${what} (${OPTIONS[option].env})`);
};

/** @throws {CommandError} when the user has as many connections to this gateway as one may have */
export function countConnection(session: Session, user: string): void {
  const { users, unsigned, config, now } = session.context;
  const { maxConnectionsPerUser: most } = config;
  session.user = users.enter(user, most, now());
  if (!session.user)
    throw exceeded(session, 'user_connections', 'maxConnectionsPerUser', `at most ${most} connections a user`);
  unsigned.remove(session);
}

/** Counts a message on its way into a room. @throws {CommandError} when it is too much for the room or of the user */
export function countMessage(session: Session, room: string, bytes: number): void {
  const { rates, config, now } = session.context;
  const { messagesPerSecondPerRoom: messages, publishedBytesPerSecondPerUser: most } = config;
  if (!rates.take(room, now(), messages, messages * BURST_SECONDS)) {
    const what = `at most ${messages} messages a second in one room`;
    throw exceeded(session, 'room_messages', 'messagesPerSecondPerRoom', what);
  }
  if (session.user && !takePublished(session.user, bytes, most, now())) {
    const what = `at most ${most} bytes of messages a second a user`;
    throw exceeded(session, 'user_bytes', 'publishedBytesPerSecondPerUser', what);
  }
}

/** Counts a room that this gateway has to open. @throws {CommandError} when the user has opened too many */
export function countRoom(session: Session, room: string): void {
  const { rooms, config, now } = session.context;
  const { roomsOpenedPerSecondPerUser: most } = config;
  if (!session.user || rooms.find(room) || takeRoom(session.user, most, now())) return;
  throw exceeded(session, 'user_rooms', 'roomsOpenedPerSecondPerUser', `at most ${most} new rooms a second a user`);
}
