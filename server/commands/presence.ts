import { shownTo } from '../presence/room-presence.ts';
import { ERRORS } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Session } from '../session/session.ts';
import { whenAllowed } from './when-allowed.ts';

/** Bytes of a member in a reply without its user, in the larger encoding. */
const MEMBER_BYTES = 120;
/** Share of the send buffer that one reply may take. */
const MOST_OF_BUFFER = 1 / 2;

/** Answers all connections in a room, on every gateway. @throws {CommandError} 106 if they are too many */
export function presence(session: Session, command: CommandOf<'presence'>): Promise<void> | undefined {
  const { channel, id } = command;
  const answer = async () => {
    await inRoom(session, channel);
    const { presenceLimit, sendBufferBytes } = session.context.config;
    const all = await session.context.presence.members(channel, presenceLimit);
    const { clients, members } = shownTo(session.identity?.user ?? null, all);
    if (members === null) throw tooMany(`${clients} connections, presence lists at most ${presenceLimit}`);
    let bytes = 0;
    for (const { user } of members.values()) bytes += MEMBER_BYTES + Buffer.byteLength(user);
    if (bytes > sendBufferBytes * MOST_OF_BUFFER) throw tooMany(`${clients} connections, too many for one reply`);
    while (session.congested() && !session.gone) await session.writable();
    session.reply(id, { method: 'presence', presence: members });
    session.context.joins.seen(channel, members);
  };
  return whenAllowed(session, channel, 'presence', () => session.background(id, answer()));
}

/** Answers the numbers of connections and users in a room of any size, on every gateway. */
export function presenceStats(session: Session, command: CommandOf<'presence_stats'>): Promise<void> | undefined {
  const { channel, id } = command;
  const answer = async () => {
    await inRoom(session, channel);
    const { clients, users } = await session.context.presence.stats(channel, session.identity?.user);
    session.reply(id, { method: 'presence_stats', clients, users });
  };
  return whenAllowed(session, channel, 'presence', () => session.background(id, answer()));
}

/** Waits for a subscribe under way. @throws {CommandError} 103 if the connection is not in the room afterwards */
async function inRoom(session: Session, channel: string): Promise<void> {
  const subscription = session.subscriptions.get(channel);
  await subscription?.answered();
  if (!subscription || session.subscriptions.get(channel) !== subscription)
    throw new CommandError(ERRORS.permissionDenied, 'permission denied: presence is for subscribers of the room');
}

const tooMany = (detail: string) =>
  new CommandError(ERRORS.limitExceeded, `the room has ${detail}: ask for presence_stats`);
