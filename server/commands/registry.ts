import { ERRORS } from '../protocol/codes.ts';
import type { Answered, CommandOf } from '../protocol/command.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Session } from '../session/session.ts';
import { connect } from './connect.ts';
import { history } from './history.ts';
import { presence, presenceStats } from './presence.ts';
import { publish } from './publish.ts';
import { refresh } from './refresh.ts';
import { rpc } from './rpc.ts';
import { subscribe, unsubscribe } from './subscribe.ts';

/**
 * Handler of a command. It returns a promise only if the commands behind it have to wait. What it throws, or the promise
 * rejects with, becomes the answer.
 */
export type Handler<M extends Answered['method']> = (
  session: Session,
  command: CommandOf<M>,
) => Promise<void> | undefined;

const HANDLERS: { readonly [M in Answered['method']]: Handler<M> } = {
  connect,
  subscribe,
  unsubscribe,
  publish,
  presence,
  presence_stats: presenceStats,
  history,
  rpc,
  refresh,
  // A token belongs to a connection, not to a room.
  sub_refresh: () => {
    throw new CommandError(ERRORS.notAvailable);
  },
};

/** Handles a command of `session`; see {@link Handler}. */
export function handle(session: Session, command: Answered): Promise<void> | undefined {
  return (HANDLERS[command.method] as Handler<Answered['method']>)(session, command);
}
