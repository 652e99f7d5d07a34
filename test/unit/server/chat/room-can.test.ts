import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerbName } from '../../../../client/verbs.ts';
import { ACTS, type RoomAct } from '../../../../server/access/rights.ts';
import { CommandError } from '../../../../server/protocol/command-error.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

const LATER = 4e12;

type Chat = ReturnType<typeof roomChat>;

/** A club or a group with users in every relation to it, and the member `tim`. @returns its name */
async function rankedRoom(chat: Chat, kind: 'group' | 'club'): Promise<string> {
  const { as } = chat;
  const members = ['admin', 'moderator', 'member', 'guest', 'muted', 'tim', 'gone', 'out'];
  const room = await chat.create('owner', members, kind);
  for (const role of ['admin', 'moderator', 'guest']) await as('owner', 'room.role', { room, user: role, role });
  await as('owner', 'room.invite', { room, users: ['invited'] });
  await as('owner', 'room.mute', { room, user: 'muted', until: LATER });
  await as('owner', 'room.ban', { room, user: 'out' });
  await as('gone', 'room.leave', { room });
  if (kind === 'club') for (const user of ['requested', 'asking']) await as(user, 'room.request', { room });
  return room;
}

/** A room with a message of the member `tim`, on whom acts are. In a `dm` the other one is `member`. */
async function meeting(kind: 'group' | 'club' | 'dm') {
  const chat = roomChat();
  const { as } = chat;
  const room = kind === 'dm' ? (await as('member', 'dm.open', { user: 'tim' })).room : await rankedRoom(chat, kind);
  const id = chat.idOf();
  const { offset } = await as('tim', 'message.send', { id, room, text: 'tea?' });
  return { ...chat, room, message: { target: offset, of: id } };
}

type Meeting = Awaited<ReturnType<typeof meeting>>;

const CALLS: Readonly<Record<RoomAct, (at: Meeting) => readonly [VerbName, object]>> = {
  read: () => ['message.list', {}],
  write: () => ['message.send', { text: 'green' }],
  join: () => ['room.join', {}],
  request: () => ['room.request', {}],
  accept: () => ['room.accept', {}],
  decline: () => ['room.decline', {}],
  leave: () => ['room.leave', {}],
  invite: () => ['room.invite', { users: ['new'] }],
  add: () => ['room.add', { users: ['new'] }],
  link: () => ['link.create', {}],
  deleteOther: ({ message }) => ['message.delete', { targets: [message], scope: 'all' }],
  mentionAll: () => ['message.send', { text: 'green', all: true }],
  topic: () => ['room.update', { topic: 'Green' }],
  settings: () => ['room.update', { name: 'Green' }],
  freeze: () => ['room.freeze', { on: true }],
  approve: () => ['room.approve', { user: 'asking' }],
  kick: () => ['room.kick', { user: 'tim' }],
  ban: () => ['room.ban', { user: 'tim' }],
  unban: () => ['room.unban', { user: 'out' }],
  mute: () => ['room.mute', { user: 'tim', until: LATER }],
  role: () => ['room.role', { user: 'tim', role: 'guest' }],
  transfer: () => ['room.transfer', { user: 'tim' }],
  delete: () => ['room.delete', {}],
};

/** True if a verb did an act: a repeat, which changes nothing, and a refusal did not. */
async function did(at: Meeting, user: string, act: RoomAct): Promise<boolean> {
  const [name, params] = CALLS[act](at);
  const before = (await at.chat.rooms.fresh(at.room)).cv;
  try {
    const answer = (await at.as(user, name, { room: at.room, ...params })) as { readonly cv?: number };
    return answer.cv === undefined || answer.cv > before;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

const PEOPLE = [
  'owner',
  'admin',
  'moderator',
  'member',
  'guest',
  'muted',
  'invited',
  'requested',
  'gone',
  'out',
  'eve',
];

const KINDS = { group: PEOPLE, club: PEOPLE, dm: ['member', 'eve'] } as const;

for (const [kind, people] of Object.entries(KINDS) as [keyof typeof KINDS, readonly string[]][])
  for (const user of people)
    test(`what room.get lists for ${user} of a ${kind} is what succeeds`, async () => {
      const listed = await (async (at: Meeting) => {
        try {
          return (await at.as(user, 'room.get', { room: at.room })).me.can;
        } catch (error) {
          assert.ok(error instanceof CommandError);
          return null;
        }
      })(await meeting(kind));
      // Nobody can have asked to join a group: the right to approve is there all the same. In a dm nobody has it.
      const acts = ACTS.filter(act => kind !== 'group' || act !== 'approve');
      const done: RoomAct[] = [];
      for (const act of acts) if (await did(await meeting(kind), user, act)) done.push(act);
      // What one may not see is not listed: it is joined or asked for by its name.
      if (listed === null)
        assert.deepEqual(done, kind === 'club' && user !== 'out' && user !== 'requested' ? ['request'] : []);
      else
        assert.deepEqual(
          done,
          listed.filter(act => acts.includes(act)),
        );
    });
