import { OPTIONS } from '../contract/options.ts';
import { BadFrame, type Command } from './codec.ts';
import type { Method, Request } from './schema.ts';

/** The command of one method. */
export type CommandOf<M extends Command['method']> = Extract<Command, { method: M }>;

/** A command that gets an answer: `pong` gets none, and `send` is not offered. */
export type Answered = Exclude<Command, { method: 'pong' | 'send' }>;

/** Most commands of one frame: a client that reconnects may send `connect` and all its subscribes at once. */
export const COMMANDS_PER_FRAME = OPTIONS.maxSubscriptions.max + 1;

/** Largest id of a command: a u32. */
export const MAX_ID = 0xffff_ffff;

type Builders = { readonly [M in Method]: (id: number, request: Request<M>) => Command };

const BUILDERS: Builders = {
  connect: (id, { token, name, version, subs }) => ({
    method: 'connect',
    id,
    token,
    name,
    version,
    subs: new Map(
      [...subs].map(([channel, { recover, offset, epoch }]) => [channel, { recover, offset, epoch }] as const),
    ),
  }),
  subscribe: (id, { channel, token, recover, offset, epoch, join_leave, delta, tf, flag, type }) => {
    if (delta !== '' && delta !== 'fossil') throw new BadFrame('unknown kind of delta');
    return {
      method: 'subscribe',
      id,
      channel,
      token,
      recover,
      position: { offset, epoch },
      joinLeave: join_leave,
      flag,
      type,
      filtered: tf !== null,
    };
  },
  unsubscribe: (id, { channel }) => ({ method: 'unsubscribe', id, channel }),
  publish: (id, { channel, data }) => ({ method: 'publish', id, channel, data }),
  presence: (id, { channel }) => ({ method: 'presence', id, channel }),
  presence_stats: (id, { channel }) => ({ method: 'presence_stats', id, channel }),
  history: (id, { channel, limit, since, reverse }) => ({ method: 'history', id, channel, limit, since, reverse }),
  rpc: (id, { method, data }) => ({ method: 'rpc', id, name: method, data }),
  refresh: (id, { token }) => ({ method: 'refresh', id, token }),
  sub_refresh: (id, { channel, token }) => ({ method: 'sub_refresh', id, channel, token }),
  send: (_id, { data }) => ({ method: 'send', data }),
};

/**
 * Makes the command of a decoded request. Every method except `send` needs an id.
 * @throws {BadFrame} for a missing id and for values that the protocol does not define
 */
export function toCommand<M extends Method>(method: M, id: number, request: Request<M>): Command {
  if (id === 0 && method !== 'send') throw new BadFrame('command without id');
  return BUILDERS[method](id, request);
}
