import { type Action, authorize, type LoadAccess, type RoomAccess } from '../access/room-access.ts';
import type { Identity } from '../access/token.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import type { Chat } from './chat.ts';
import type { Author } from './messages.ts';
import { type Fields, type Param, readFields, type ValuesOf } from './params.ts';

/** One call of a verb, as the verb sees it: its caller, and its place among the calls of that caller. */
export interface Call extends Author {
  /**
   * Ends the wait of the caller's calls behind this one. A call that writes calls it right before the write, in the same tick
   * of the event loop: so calls are stored in the order they came in. A call that only reads calls it first. One that never
   * calls it holds up the others until it ends.
   * @throws {CallAbandoned} if the caller does not wait for the answer any more: nothing may be written then
   */
  placed(): void;
  /** Takes note whether the client of the caller's connection is in the background. Does nothing for a caller without a connection. */
  setBackground(isBackground: boolean): void;
}

/** Failure of a call whose caller is gone, or was answered as too late. It is not answered again. */
export class CallAbandoned extends Error {
  constructor() {
    super('the caller does not wait for the answer any more');
    this.name = 'CallAbandoned';
  }
}

/** Calls and commands of the caller that wait until a call is placed: all, or those into its room. */
export type Holds = 'connection' | 'room';

/** Error that a verb answers beside those that every verb may answer. */
export interface VerbError {
  readonly error: ErrorCode;
  /** Cause, a sentence for people. */
  readonly when: string;
}

/** Description of a verb, from which its check, its page, its OpenAPI operation and the types of clients are made. */
export interface VerbDescription<P extends Fields = Fields, R extends Fields = Fields> {
  /** Effect, one sentence for people. */
  readonly summary: string;
  /** Guarantees, in Markdown. */
  readonly details?: string;
  /** Callers who may, of a verb that decides itself. Default: those who may do its action, or every signed-in user. */
  readonly who?: string;
  /** Parameters by name. A parameter `room` names the room whose rights are checked. */
  readonly params: P;
  readonly result: R;
  readonly errors?: readonly VerbError[];
  readonly example: { readonly params: ValuesOf<P>; readonly result: ValuesOf<R> };
}

interface VerbOptions<P extends Fields, R extends Fields> extends VerbDescription<P, R> {
  /** Action that the caller must be allowed in the parameter `room`; null for a verb without one, or that decides itself. */
  readonly may: P extends { readonly room: Param<string> } ? Action | null : null;
  /** Default: `connection`. */
  readonly holds?: P extends { readonly room: Param<string> } ? Holds : 'connection';
  /**
   * Does the work. Rights and parameters are checked; everything else is checked here.
   * @param access rights of the caller in the parameter `room`; null if `may` is
   * @throws {CommandError} as the answer; what else it throws is mapped by `answerTo`
   */
  run(call: Call, params: ValuesOf<P>, chat: Chat, access: RoomAccess | null): Promise<ValuesOf<R>>;
}

/** A verb of the chat, for callers of any kind. */
export interface Verb<P extends Fields = Fields, R extends Fields = Fields> extends VerbDescription<P, R> {
  readonly may: Action | null;
  readonly holds: Holds;
  /** Checks the parameters. Unknown ones are ignored. @throws {CommandError} 107; the text names the field and the limit */
  prepare(data: unknown): Prepared<R>;
}

/** A verb with its parameters. */
export interface Prepared<R extends Fields = Fields> {
  /** Room that the call is about; null for none. */
  readonly room: string | null;
  /**
   * Checks the rights of the caller. To be done before {@link run}, and in the order of the caller's calls.
   * @returns the rights, for {@link run}; null if the verb needs none. A promise only if they have to be loaded.
   * @throws {CommandError} if the caller may not do it, or rejects with it
   */
  authorize(identity: Identity, access: LoadAccess): RoomAccess | null | Promise<RoomAccess>;
  run(call: Call, chat: Chat, access: RoomAccess | null): Promise<ValuesOf<R>>;
}

/** Defines a verb. */
export function verb<const P extends Fields, R extends Fields>(options: VerbOptions<P, R>): Verb<P, R> {
  const { may, holds = 'connection', run, ...description } = options;
  return {
    ...description,
    may,
    holds,
    prepare(data) {
      const params = readFields(options.params, data);
      const room = (params as { readonly room?: string }).room ?? null;
      return {
        room,
        authorize: (identity, access) =>
          may === null || room === null ? null : authorize(access, identity, room, may),
        run: (call, chat, access) => run(call, params, chat, access),
      };
    },
  };
}

/** Calls a verb for a caller without a connection: checks parameters and rights, then does the work. */
export async function callVerb<R extends Fields>(
  { prepare }: Pick<Verb<Fields, R>, 'prepare'>,
  call: Call,
  data: unknown,
  chat: Chat,
): Promise<ValuesOf<R>> {
  const prepared = prepare(data);
  const access = await prepared.authorize(call.identity, chat.access);
  return await prepared.run(call, chat, access);
}
