import { ACTS, allowedActs } from '../access/rights.ts';
import { RANKS } from '../fold/control.ts';
import { otherIn } from '../fold/direct.ts';
import type { Standing } from '../fold/room-state.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import { about, bool, int, list, object, oneOf, optional, roomName, text } from './params.ts';
import { userId } from './room-params.ts';
import { rulesFor, viewOf } from './room-view.ts';
import { verb } from './verb.ts';

const CAN =
  'Acts that the caller may do now, on some user at least. The act itself answers for limits, such as a full room.';

const ME = {
  state: about(oneOf('none', 'member', 'invited', 'requested', 'banned'), 'Relation of the caller to the room.'),
  role: about(optional(oneOf(...RANKS)), 'Rank of the caller, of a member.'),
  can: about(list(oneOf(...ACTS), ACTS.length), CAN),
  mutedUntil: about(optional(int()), 'End of a mute of the caller, milliseconds since 1970. Missing without one.'),
};

export const roomGet = verb({
  summary: 'Reads a room, and what the caller may do in it.',
  params: { room: roomName },
  may: null,
  who: 'users who may read the room, or are invited to it',
  result: {
    room: roomName,
    kind: about(text({ min: 1 }), 'Kind of the room.'),
    user: about(optional(userId), 'The other user, of the room of two users.'),
    access: about(oneOf('Open', 'Claim', 'Members'), 'Users who may read, by the kind.'),
    write: about(oneOf('Everyone', 'Members', 'Staff'), 'Users who may send, by the kind.'),
    name: about(text(), 'Name for people; empty for none.'),
    topic: about(text(), 'Topic; empty for none.'),
    avatar: about(text(), 'URL of an image; empty for none.'),
    created: about(int(), 'Milliseconds since 1970; 0 for a room that nobody created.'),
    frozen: about(bool, 'True while staff alone may write.'),
    members: about(int(), 'Members. In a kind with access `Open` or `Claim` those whom staff added.'),
    cv: about(int(), 'Version of the room.'),
    me: object(ME),
  },
  errors: [{ error: ERRORS.gone, when: 'The room is deleted.' }],
  example: {
    params: { room: 'group:0190f3a3-0a00-7a11-8b2c-3d4e5f6a7b8c' },
    result: {
      room: 'group:0190f3a3-0a00-7a11-8b2c-3d4e5f6a7b8c',
      kind: 'group',
      access: 'Members',
      write: 'Members',
      name: 'Tea',
      topic: '',
      avatar: '',
      created: 1_764_500_000_000,
      frozen: false,
      members: 2,
      cv: 1,
      me: { state: 'member', role: 'member', can: ['read', 'write', 'leave'] },
    },
  },
  async run(call, { room }, chat) {
    call.placed();
    rulesFor(chat, room);
    const view = await viewOf(chat, call.identity, { room, state: await chat.rooms.fresh(room) });
    const { state, self, rules } = view;
    const denied = view.may('read');
    if (denied && view.may('accept')) throw new CommandError(denied.error, denied.detail);
    const { name, topic, avatar, created, frozen, cv, count: members } = state;
    const kind = room.slice(0, room.indexOf(':'));
    const standing = standingOf(self.known?.state);
    const rank = view.rank(call.identity.user);
    const mutedUntil = self.known?.mutedUntil ?? 0;
    const me = {
      state: standing,
      ...(rank ? { role: rank } : {}),
      can: allowedActs(view, self),
      ...(mutedUntil > view.now ? { mutedUntil } : {}),
    };
    const { access, write } = rules;
    const other = otherIn(state, call.identity.user);
    const user = other === undefined ? {} : { user: other };
    return { room, kind, ...user, access, write, name, topic, avatar, created, frozen, members, cv, me };
  },
});

const standingOf = (state: Standing | undefined): Exclude<Standing, 'left'> | 'none' =>
  state === undefined || state === 'left' ? 'none' : state;
