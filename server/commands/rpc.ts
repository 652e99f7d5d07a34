import { ERRORS } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Session } from '../session/session.ts';
import { messageSend } from './message-send.ts';

/** A chat verb. `reply` sends the result; like a command it returns a promise only if what follows has to wait. */
export type Verb = (session: Session, data: unknown, id: number) => Promise<void> | undefined;

const VERBS: Readonly<Record<string, Verb>> = {
  'message.send': messageSend,
};

export function rpc(session: Session, command: CommandOf<'rpc'>): Promise<void> | undefined {
  const verb = Object.hasOwn(VERBS, command.name) ? VERBS[command.name] : undefined;
  if (!verb) throw new CommandError(ERRORS.methodNotFound);
  return verb(session, parse(command.data), command.id);
}

function parse(data: Uint8Array | null): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data ?? new Uint8Array(0)));
  } catch {
    throw new CommandError(ERRORS.badRequest, 'data must be JSON');
  }
}
