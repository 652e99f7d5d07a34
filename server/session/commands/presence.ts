import type { Session } from '../session.ts';
import { allow } from './allow.ts';
import type { Of } from './registry.ts';

/** All connections in a room, on every gateway. */
export function presence(session: Session, command: Of<'presence'>): undefined {
  allow(session, command.channel, 'presence');
  const answer = async () => {
    const { members } = await session.context.presence.members(command.channel);
    session.reply(command.id, { method: 'presence', presence: members });
  };
  session.background(command.id, answer());
}

/** Connections and users in a room, on every gateway. */
export function presenceStats(session: Session, command: Of<'presence_stats'>): undefined {
  allow(session, command.channel, 'presence');
  const answer = async () => {
    const { members } = await session.context.presence.members(command.channel);
    const users = new Set([...members.values()].map(info => info.user));
    session.reply(command.id, { method: 'presence_stats', clients: members.size, users: users.size });
  };
  session.background(command.id, answer());
}
