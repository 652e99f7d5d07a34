import { authorize } from '../access/room-access.ts';
import { ERRORS } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { CommandError } from '../protocol/command-error.ts';
import { isPlainJson } from '../protocol/raw-json.ts';
import { NO_TARGETS } from '../room/message.ts';
import type { Session } from '../session/session.ts';

/** Publishes data of the client without an id: a retry after a lost answer stores a second message. */
export function publish(session: Session, { id, channel, data }: CommandOf<'publish'>): Promise<void> | undefined {
  const { identity, context } = session;
  const { messages, clocks, access } = context.chat;
  if (!identity) throw new CommandError(ERRORS.unauthorized);
  const bytes = data?.byteLength ?? 0;
  return session.call(id, { room: channel, holds: 'room', bytes }, async call => {
    const rights = authorize(access, identity, channel, 'publish');
    if (rights instanceof Promise) await rights; // rights in memory cost no tick
    if (!data) throw new CommandError(ERRORS.badRequest, 'data is required');
    messages.checkSize(data);
    // A line break would end a subscriber's frame, and what follows could pass for a frame of the server.
    if (!isPlainJson(data)) throw new CommandError(ERRORS.badRequest, 'data must be JSON without line breaks');
    messages.count(call, channel, data);
    call.placed();
    const time = clocks.wallClock();
    const bare = { type: 'publish', id: '', dedupe: '', time, targets: NO_TARGETS } as const;
    await messages.publish(call, { room: channel, ...bare, body: data });
    return { method: 'publish' };
  });
}
