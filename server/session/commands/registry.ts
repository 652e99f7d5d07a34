import type { Command } from '../../protocol/codec.ts';
import { ERRORS } from '../../protocol/codes.ts';
import { CommandError } from '../failure.ts';
import type { Session } from '../session.ts';
import { connect } from './connect.ts';
import { history } from './history.ts';
import { presence, presenceStats } from './presence.ts';
import { publish } from './publish.ts';
import { refresh } from './refresh.ts';
import { rpc } from './rpc.ts';
import { subscribe, unsubscribe } from './subscribe.ts';

export type Of<M extends Command['method']> = Extract<Command, { method: M }>;

/**
 * What handles a command. It returns a promise only if the commands behind it have to wait; what it throws, or the
 * promise rejects with, becomes the answer.
 */
export type Handler<M extends Command['method']> = (session: Session, command: Of<M>) => Promise<void> | undefined;

type Handled = Exclude<Command['method'], 'pong' | 'send'>;

const HANDLERS: { readonly [M in Handled]: Handler<M> } = {
  connect,
  subscribe,
  unsubscribe,
  publish,
  presence,
  presence_stats: presenceStats,
  history,
  rpc,
  refresh,
  // Tokens are per connection: there is nothing to refresh for one room.
  sub_refresh: () => {
    throw new CommandError(ERRORS.notAvailable);
  },
};

export function handle(session: Session, command: Of<Handled>): Promise<void> | undefined {
  return (HANDLERS[command.method] as Handler<Handled>)(session, command);
}
