import { inboxOf } from '../access/names.ts';
import type { MembershipNotice } from '../fold/membership-notice.ts';
import { dataOf } from '../room/message.ts';
import { type OwnMembership, readOwnMembership } from '../room/room-changes.ts';
import type { Chat } from './chat.ts';
import { type RoomView, viewOf } from './room-view.ts';
import { demandPlaceOf, withoutPlace } from './rooms-of-user.ts';
import { storeOnce } from './store-once.ts';
import type { Call } from './verb.ts';

/** Join or leave that is the user's own matter. */
export interface OwnAct {
  readonly room: string;
  readonly id: string;
  /** True to join. */
  readonly on: boolean;
  /** @throws {CommandError} to refuse it */
  readonly check: (view: RoomView) => void;
}

/**
 * Stores a join or leave in the user's inbox alone, so that a room without a limit of members takes any number of them. It carries the
 * version of the room that it was decided on: an act of staff on the user with a higher version counts instead.
 */
export async function ownAct(call: Call, chat: Chat, { room, id, on, check }: OwnAct) {
  const state = await chat.rooms.fresh(room);
  const view = await viewOf(chat, call.identity, { room, state });
  check(view);
  if (on && view.rank(view.user) === null) demandPlaceOf([view.user], await withoutPlace(chat, room, [view.user]));
  const notice: MembershipNotice = {
    room,
    kind: room.slice(0, room.indexOf(':')),
    name: state.name,
    act: on ? 'join' : 'leave',
    by: view.user,
    cv: state.cv,
    state: on ? 'member' : 'left',
    rank: (on ? view.rank(view.user) : null) ?? 'member',
  };
  // Workers fold the last three.
  const own = { on, since: await chat.top(room), seen: state.cv };
  const inbox = inboxOf(view.user);
  const act = { room: inbox, id, type: 'member', content: { ...notice, ...own } } as const;
  const { offset, duplicate } = await storeOnce(call, chat, act);
  // The gateway of the first may have ended before it wrote this. A repeat may have seen another version: what is stored counts.
  const stored = duplicate ? await storedAct(chat, inbox, offset) : { user: view.user, room, offset, ...own };
  if (stored) await chat.userRooms.acted(stored);
  return { cv: stored?.seen ?? state.cv, duplicate };
}

async function storedAct(chat: Chat, inbox: string, offset: number): Promise<OwnMembership | null> {
  const entry = await chat.entry(inbox, offset);
  return entry && readOwnMembership(entry, dataOf(entry));
}
