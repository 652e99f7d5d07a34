import type { Prepared, Verb } from '../chat/verb.ts';
import { verbOf } from '../chat/verbs.ts';
import { ERRORS } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Session } from '../session/session.ts';
import { observedCall, outcomeOf } from './observed-call.ts';

/** Calls a verb for a connection. */
export function rpc(session: Session, command: CommandOf<'rpc'>): Promise<void> | undefined {
  const { identity } = session;
  const { chat } = session.context;
  const verb = verbOf(command.name);
  if (!verb) throw new CommandError(ERRORS.methodNotFound);
  if (!identity) throw new CommandError(ERRORS.unauthorized);
  const prepared = prepare(session, command, verb);
  const place = { room: prepared.room, holds: verb.holds, bytes: command.data?.byteLength ?? 0 };
  return session.call(command.id, place, call =>
    observedCall(session.context, { verb: command.name, room: prepared.room }, async () => {
      // Rights in memory cost no tick. Others are loaded beside the calls into other rooms.
      const rights = prepared.authorize(identity, chat.access);
      const result = await prepared.run(call, chat, rights instanceof Promise ? await rights : rights);
      return { method: 'rpc', data: Buffer.from(JSON.stringify(result)) };
    }),
  );
}

function prepare({ context }: Session, { name, data }: CommandOf<'rpc'>, verb: Verb): Prepared {
  try {
    return verb.prepare(parse(data));
  } catch (error) {
    context.metrics.called(name, outcomeOf(error), null);
    throw error;
  }
}

function parse(data: Uint8Array | null): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data ?? new Uint8Array(0)));
  } catch {
    throw new CommandError(ERRORS.badRequest, 'data must be JSON');
  }
}
