import { changedUsers } from '../fold/changed-users.ts';
import { type Control, controlBody, typeOfAct } from '../fold/control.ts';
import { cutBy } from '../fold/control-acts.ts';
import { foldControl } from '../fold/control-fold.ts';
import { doneBy, type RoomState } from '../fold/room-state.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { controlKey } from '../room/control-key.ts';
import type { Chat } from './chat.ts';
import { demandKept } from './kept.ts';
import { about, bool, int } from './params.ts';
import { type RoomView, rulesFor, viewOf } from './room-view.ts';
import { demandStateSize } from './state-size.ts';
import type { Call } from './verb.ts';

/** Versions that a call tries to make. More fail only while so many others act on the room at the same time. */
const MOST_ROUNDS = 8;

/** Result of a verb that makes a version of a room. */
export const VERSION = {
  cv: about(int(), 'Version of the room that has the act.'),
  duplicate: about(bool, 'True if the act was done before.'),
};

/** Errors of every verb that makes a version of a room. */
export const COMMIT_ERRORS = [
  { error: ERRORS.permissionDenied, when: 'The room does not exist, the caller may not see it, or lacks the rank.' },
  { error: ERRORS.conflict, when: 'Others act on the room all the time: the message names its version.' },
  { error: ERRORS.gone, when: 'The room is deleted.' },
];

/** Act on a room. */
export interface ControlAct {
  readonly room: string;
  /** UUIDv7 of the client's: the same act has the same id, each time it is sent. */
  readonly id: string;
  /** Other users that the act is on. */
  readonly users?: readonly string[];
  /**
   * Decides on the act by the latest version, so perhaps more than once.
   * @returns the change; null if the room is already as it asks
   * @throws {CommandError} to refuse it
   */
  readonly decide: (view: RoomView) => Control | null;
}

/** An act that counts. */
export interface Committed {
  readonly cv: number;
  /** True if it was done before. */
  readonly duplicate: boolean;
  /** State with the act, perhaps with later ones. */
  readonly state: RoomState;
}

/** {@link VERSION} of an act that counts. */
export const versionOf = ({ cv, duplicate }: Committed) => ({ cv, duplicate });

/**
 * Makes an act the next version of a room. Of all that act on one version at once, one wins; the others decide again by what
 * it made. Acts with the same id of a user count once. An acknowledgement does not say that the act counts: that is read from the log.
 * @throws {CommandError} what `decide` throws; 409 after {@link MOST_ROUNDS} lost rounds
 * @throws {PublishFailed} if it perhaps counts: the same id may be sent again
 */
export async function commit(call: Call, chat: Chat, act: ControlAct): Promise<Committed> {
  const { room, id, users = [], decide } = act;
  const { user } = call.identity;
  rulesFor(chat, room);
  let state = await chat.rooms.renewed(room);
  let own = 0;
  for (let round = 0; round <= MOST_ROUNDS; round++) {
    const done = doneBy(state, user, id);
    if (done) return { cv: done.cv, duplicate: done.offset !== own, state };
    if (round > 0) chat.raced();
    if (round === MOST_ROUNDS) break;
    const control = decide(await viewOf(chat, call.identity, { room, state, about: users }));
    if (!control) return { cv: state.cv, duplicate: false, state };
    if (cutBy(control, user) !== null) await demandKept(chat);
    const entry = { id, cv: state.cv + 1, by: user, time: chat.clocks.wallClock(), control };
    demandStateSize(chat, state, entry);
    const stored = await publish(call, chat, room, entry, round === 0);
    if (!stored.duplicate) own = stored.offset;
    const next = foldControl(state, { ...entry, offset: stored.offset });
    const concerned = changedUsers(state, next);
    state = await chat.rooms.fresh(room);
    if (doneBy(state, user, id)?.offset === own && own > 0) await chat.rooms.committed(room, state, concerned);
  }
  throw new CommandError(ERRORS.conflict, `others act on the room all the time: it has the version ${state.cv}`);
}

type Entry = Parameters<typeof controlBody>[0];

async function publish(call: Call, { messages }: Chat, room: string, entry: Entry, isFirst: boolean) {
  const { id, cv, time, control } = entry;
  if (control.act === 'unknown') throw new Error('an act without a name is never made');
  const type = typeOfAct(control.act);
  const body = Buffer.from(JSON.stringify(controlBody(entry, type)));
  if (isFirst) messages.count(call, room, body);
  call.placed();
  return await messages.publish(call, { room, type, id, dedupe: controlKey(room, cv), time, targets: [], body, cv });
}
