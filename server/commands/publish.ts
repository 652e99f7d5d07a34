import { ERRORS } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { CommandError } from '../protocol/command-error.ts';
import { isPlainJson } from '../protocol/raw-json.ts';
import type { Session } from '../session/session.ts';
import { allow } from './allow.ts';

/** The protocol's bare publish: the client's data, without an id, so a retry after a lost answer is a second message. */
export function publish(session: Session, command: CommandOf<'publish'>): undefined {
  const { channel, data } = command;
  const author = { identity: allow(session, channel, 'publish'), client: session.client };
  if (!data) throw new CommandError(ERRORS.badRequest, 'data is required');
  const { messages } = session.context.chat;
  messages.checkSize(data);
  // Anything else could end a subscriber's frame and forge the next one.
  if (!isPlainJson(data)) throw new CommandError(ERRORS.badRequest, 'data must be JSON without line breaks');
  messages.count(author, channel, data);
  session.handOver(command.id, channel, data.byteLength, async () => {
    await messages.publish(author, { room: channel, body: data, type: 'publish', id: '', dedupe: '' });
    return { method: 'publish' };
  });
}
