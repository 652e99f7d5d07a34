import { inboxOf } from '../access/names.ts';
import { demand } from '../access/room-access.ts';
import type { Target } from '../fold/entry.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Stored } from '../room/log.ts';
import type { Chat } from './chat.ts';
import { demandKept } from './kept.ts';
import { demandWindow } from './kind-limits.ts';
import { about, list, oneOf, optional, roomName, uuid7 } from './params.ts';
import { viewOf } from './room-view.ts';
import { demandThere, type Readable, seenMessages } from './seen-message.ts';
import { PLACE, resultOf, storeOnce } from './store-once.ts';
import { targetParam } from './targets.ts';
import { type Call, verb } from './verb.ts';

/** Messages that one call deletes. */
const MOST_TARGETS = 100;

export const messageDelete = verb({
  summary:
    'Deletes messages: those of the caller for everybody, or any for the caller alone. Staff deletes those of lower ranks.',
  details: [
    'A text that is deleted for everybody is served nowhere again: not live, in recovery, in history or after an edit. With the',
    "scope `me` the messages stay, and `message.list` leaves them out for the caller. The act is then an entry of the caller's inbox",
    '`user:<id>`, which tells the other devices, and the place is one in the inbox.',
    '',
    'Staff delete messages of lower ranks at any age. Their own have the time limit that all authors have.',
  ].join('\n'),
  params: {
    room: roomName,
    id: about(uuid7, 'Id of the delete, as that of a message.'),
    targets: list(targetParam, MOST_TARGETS, 1),
    scope: about(optional(oneOf('all', 'me')), '`all` by default.'),
  },
  may: 'history',
  who: 'users who may write to the room; with the scope `me` users who may read it',
  result: PLACE,
  errors: [
    { error: ERRORS.notFound, when: 'The room lacks one of the messages: none is deleted.' },
    {
      error: ERRORS.permissionDenied,
      when: 'With the scope `all`: one of the messages is of another user, not of a lower rank; none is deleted.',
    },
    {
      error: ERRORS.gone,
      when: "One of the messages is deleted, or is the caller's and older than `limits.deleteSeconds` of the room's kind, two days by default: none is deleted.",
    },
  ],
  example: {
    params: {
      room: 'channel:general',
      id: '0190f3a2-6f00-7e33-9e5f-4a6b8c0d2e3f',
      targets: [{ target: 1042, of: '0190f3a1-7c00-7d3e-8a2b-5c6d7e8f9a0b' }],
    },
    result: { offset: 1052, epoch: 'kq3Zx0aB', duplicate: false },
  },
  async run(call, { room, id, targets, scope }, chat, access) {
    if (scope === 'me') return resultOf(await hide(call, chat, { room, id, targets, access }));
    const rights = access && (await demand(access, 'send'));
    const check = async () => {
      await demandKept(chat);
      const found = await seenMessages(chat, { room, access: rights }, targets);
      const { user: own } = call.identity;
      const others = [...new Set(found.map(({ user }) => user))].filter(user => user !== own);
      if (others.length > 0) await demandStaff(call, chat, room, others);
      for (const message of found) {
        demandThere(message);
        if (message.user === own) demandWindow(chat, { room, time: message.time }, 'delete');
      }
      // With its author and time the entry alone gives what is left of a message.
      return { targets: found.map(({ offset, id: of, user, time }) => ({ target: offset, of, user, time })) };
    };
    const offsets = targets.map(({ target }) => target);
    const act = { room, id, type: 'delete', content: { targets }, targets: offsets, check } as const;
    return resultOf(await storeOnce(call, chat, act));
  },
});

/** Lets staff alone delete messages of others, and those of lower ranks alone. By the word of the leader. */
async function demandStaff(call: Call, chat: Chat, room: string, authors: readonly string[]): Promise<void> {
  const state = await chat.rooms.fresh(room);
  const view = await viewOf(chat, call.identity, { room, state, about: authors });
  if (authors.some(author => view.may('deleteOther', author) !== null))
    throw new CommandError(ERRORS.permissionDenied, 'permission denied: a message is of another user');
}

/** Hides messages from the caller: an entry of the caller's inbox. */
async function hide(
  call: Call,
  chat: Chat,
  { id, targets, ...readable }: Readable & { readonly id: string; readonly targets: readonly Target[] },
): Promise<Stored> {
  const check = async () => {
    await seenMessages(chat, readable, targets);
    return undefined;
  };
  return await storeOnce(call, chat, {
    room: inboxOf(call.identity.user),
    id,
    type: 'hide',
    content: { room: readable.room, targets },
    check,
  });
}
