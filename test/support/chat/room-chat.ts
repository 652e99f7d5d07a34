import type { ResultOf, VerbName } from '../../../client/verbs.ts';
import { RoomRights } from '../../../server/access/room-rights.ts';
import type { Verb } from '../../../server/chat/verb.ts';
import { VERBS } from '../../../server/chat/verbs.ts';
import { CommandError } from '../../../server/protocol/command-error.ts';
import { FreeCall } from './free-call.ts';
import type { MemoryStates } from './memory-policy.ts';
import { verbChat } from './verb-chat.ts';

/** Kinds beside the built-in ones, in JSON as the option roomRules has them. */
export const KINDS = {
  club: { access: 'Members', join: 'Request', create: 'Anyone' },
  circle: { access: 'Members', join: 'Anyone', create: 'Anyone', history: 'Joined', maxMembers: 3 },
} as const;

/** Answer to a call that failed, as clients get it. */
export interface Failure {
  readonly code: number;
  readonly message: string;
}

/**
 * A chat without connections, NATS and MongoDB, in which users act on rooms by the names of verbs.
 * @param kinds kinds beside {@link KINDS}
 * @param env options of the gateway
 */
export function roomChat(kinds: Readonly<Record<string, object>> = {}, env: Readonly<Record<string, string>> = {}) {
  const chat = verbChat({ ...env, CHAT_ROOM_RULES: JSON.stringify({ ...KINDS, ...kinds }) });
  const states = chat.chat.rooms as MemoryStates;
  const of = (user: string) => chat.chat.userRooms.of(user);
  const rights = new RoomRights({
    policy: chat.policy,
    states,
    users: { of, current: of, known: () => undefined },
    wallClock: () => chat.clock.wallClock(),
  });
  chat.rights.load = (_, identity, room) => rights.load(identity, room);
  chat.rights.seen = (identity, room) => rights.seen(identity, room);
  const by = async <V extends VerbName>(call: FreeCall, name: V, params: object): Promise<ResultOf<V>> =>
    (await chat.call(VERBS[name] as Verb, { id: chat.idOf(), ...params }, call)) as ResultOf<V>;
  /** Calls a verb as a user. An act without an id gets a new one. */
  const as = async <V extends VerbName>(user: string, name: V, params: object): Promise<ResultOf<V>> =>
    await by(new FreeCall(user), name, params);
  /** Calls a verb as a service of the platform. */
  const asService = async <V extends VerbName>(user: string, name: V, params: object): Promise<ResultOf<V>> =>
    await by(new FreeCall(user, [], ['service']), name, params);
  /** Calls a verb that is refused. */
  const refused = async (user: string, name: VerbName, params: object): Promise<Failure> => {
    try {
      await as(user, name, params);
    } catch (error) {
      if (error instanceof CommandError) return { code: error.error.code, message: error.message };
      throw error;
    }
    throw new Error(`${name} was not refused`);
  };
  /** Code with which a call is refused. */
  const code = async (user: string, name: VerbName, params: object) => (await refused(user, name, params)).code;
  /** Makes a room. @returns its name */
  const create = async (owner: string, members: readonly string[] = [], kind = 'group'): Promise<string> =>
    (await as(owner, 'room.create', { kind, name: 'Tea', members })).room;
  /** Members with their ranks, as the log says. */
  const members = async (room: string): Promise<Readonly<Record<string, string>>> => {
    const { members } = await chat.chat.rooms.fresh(room);
    return Object.fromEntries(
      [...members].map(([user, { state, rank }]) => [user, state === 'member' ? rank : state] as const),
    );
  };
  return { ...chat, as, asService, refused, code, create, members };
}
