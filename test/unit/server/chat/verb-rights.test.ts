import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerbName } from '../../../../client/verbs.ts';
import { VERBS } from '../../../../server/chat/verbs.ts';
import { CommandError } from '../../../../server/protocol/command-error.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

type Scene = Awaited<ReturnType<typeof scene>>;

/** End of a mute or a ban. */
const UNTIL = 4_000_000_000_000;

/**
 * A room of a kind that takes requests, with one user of each relation to it, who is called by that, and others: the plain members
 * `mia` and `max`, `ron`, who has asked too, and `bert`, who is banned too. Every member has written one message.
 */
async function scene() {
  const chat = roomChat();
  const { as } = chat;
  const members = ['admin', 'moderator', 'member', 'guest', 'muted', 'left', 'banned', 'bert', 'max', 'mia'];
  const room = await chat.create('owner', members, 'club');
  const messages = new Map<string, { readonly target: number; readonly of: string }>();
  for (const user of ['owner', ...members]) {
    const of = chat.idOf();
    messages.set(user, { target: (await as(user, 'message.send', { room, id: of, text: 'hello' })).offset, of });
  }
  for (const role of ['admin', 'moderator', 'guest']) await as('owner', 'room.role', { room, user: role, role });
  await as('owner', 'room.mute', { room, user: 'muted', until: UNTIL });
  await as('owner', 'room.invite', { room, users: ['invited'] });
  for (const user of ['requested', 'ron']) await as(user, 'room.request', { room });
  await as('left', 'room.leave', { room });
  for (const user of ['banned', 'bert']) await as('owner', 'room.ban', { room, user });
  const { hash, token } = await as('owner', 'link.create', { room });
  const message = messages.get('max') ?? assert.fail();
  return { ...chat, room, messages, message, hash, token };
}

/** Parameters of a call beside the room and the id. */
type ParamsOf = (scene: Scene, caller: string) => object;

const MIA: ParamsOf = () => ({ user: 'mia' });
const OWN: ParamsOf = ({ messages, message }, caller) => messages.get(caller) ?? message;

/** Calls of verbs that a matrix has rows for. A word behind the verb tells two of one verb apart. */
const CALLS: Readonly<Record<string, ParamsOf>> = {
  'message.send': () => ({ text: 'hello' }),
  'message.edit own': (at, caller) => ({ ...OWN(at, caller), text: 'hello, edited' }),
  "message.edit another's": ({ message }) => ({ ...message, text: 'hello, edited' }),
  'message.delete own': (at, caller) => ({ targets: [OWN(at, caller)] }),
  "message.delete another's": ({ message }) => ({ targets: [message] }),
  'message.delete for me': ({ message }) => ({ targets: [message], scope: 'me' }),
  'message.react': ({ message }) => ({ ...message, emoji: '👍', on: true }),
  'message.list': () => ({}),
  'message.get': ({ message }) => ({ ids: [message] }),
  'room.get': () => ({}),
  'room.members': () => ({}),
  'room.members banned': () => ({ state: 'banned' }),
  'room.update topic': () => ({ topic: 'Which tea?' }),
  'room.update name': () => ({ name: 'Green tea' }),
  'room.freeze': () => ({ on: true }),
  'room.delete': () => ({}),
  'room.add': () => ({ users: ['new'] }),
  'room.kick': MIA,
  'room.ban': MIA,
  'room.unban': () => ({ user: 'bert' }),
  'room.mute': () => ({ user: 'mia', until: UNTIL }),
  'room.role': () => ({ user: 'mia', role: 'guest' }),
  'room.transfer': MIA,
  'room.leave': () => ({}),
  'room.join': () => ({}),
  'room.join link': ({ token }) => ({ link: token }),
  'room.invite': () => ({ users: ['new'] }),
  'room.accept': () => ({}),
  'room.decline': () => ({}),
  'room.request': () => ({}),
  'room.approve': () => ({ user: 'ron' }),
  'room.deny': () => ({ user: 'ron' }),
  'link.create': () => ({}),
  'link.list': () => ({}),
  'link.revoke': ({ hash }) => ({ hash }),
  'typing.set': () => ({ on: true }),
  'receipt.mark': ({ room }) => ({ marks: [{ room, read: 1 }] }),
  'receipt.who': () => ({ target: 1 }),
};

/** Verbs whose answer does not depend on a relation to a room, with the reason. */
const WITHOUT_ROOM: Readonly<Partial<Record<VerbName, string>>> = {
  'client.state': 'it is about the own connection',
  'presence.watch': 'friends, blocks and settings decide: user-states.test.ts',
  'presence.unwatch': 'it is about the own connection',
  'room.create': 'the kind of the new room decides: room-verbs.test.ts',
  'dm.open': 'every two users have a room: dm-open.test.ts',
  'room.list': 'everybody lists the own rooms: room-lists.test.ts',
  unread: 'everybody counts in the own rooms, and others are left out: unread.test.ts',
  sync: 'everybody lists the own rooms: sync.test.ts',
  'room.discover': 'the kind decides: room-lists.test.ts',
  'room.kinds': 'everybody reads the rules of kinds',
  'friend.request': 'users act on each other: contact-verbs.test.ts',
  'friend.accept': 'the same',
  'friend.decline': 'the same',
  'friend.remove': 'the same',
  'friend.list': 'everybody lists the own friends: contact-verbs.test.ts',
  'block.list': 'the same',
  'block.add': 'the same',
  'block.remove': 'the same',
  'profile.get': 'profiles are for everybody: profiles.test.ts',
  'profile.set': 'everybody has an own profile: profiles.test.ts',
  'status.set': 'everybody has an own status: profiles.test.ts',
  'user.search': 'users are in no room: user-search.test.ts',
  'notice.send': 'services alone: services.test.ts',
  'settings.get': 'everybody has own settings: settings.test.ts',
  'settings.set': 'everybody has own settings: settings.test.ts',
};

const verbIn = (call: string) => call.split(' ', 1)[0] as VerbName;

/** Answer to a call in a scene of its own: `yes`, or the code of the refusal, `hid` if that tells nothing of the room. */
async function answer(call: string, caller: string): Promise<string> {
  const at = await scene();
  const params = { room: at.room, ...CALLS[call]?.(at, caller) };
  try {
    await at.as(caller, verbIn(call), params);
    return 'yes';
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return error.message.endsWith('does not exist or is not yours') ? 'hid' : String(error.error.code);
  }
}

/** `yes`: allowed, on a plain member; a code: refused, by the rank or the own state; `hid`: the same answer as for no room at all. */
const MATRIX = `
  call                     | owner admin moderator member guest muted invited requested left banned stranger
  message.send             | yes   yes   yes       yes    103   423   hid     hid       hid  hid    hid
  message.edit own         | yes   yes   yes       yes    103   423   hid     hid       hid  hid    hid
  message.edit another's   | 103   103   103       103    103   423   hid     hid       hid  hid    hid
  message.delete own       | yes   yes   yes       yes    103   423   hid     hid       hid  hid    hid
  message.delete another's | yes   yes   yes       103    103   423   hid     hid       hid  hid    hid
  message.delete for me    | yes   yes   yes       yes    yes   yes   hid     hid       hid  hid    hid
  message.react            | yes   yes   yes       yes    103   423   hid     hid       hid  hid    hid
  message.list             | yes   yes   yes       yes    yes   yes   hid     hid       hid  hid    hid
  message.get              | yes   yes   yes       yes    yes   yes   hid     hid       hid  hid    hid
  room.get                 | yes   yes   yes       yes    yes   yes   yes     hid       hid  hid    hid
  room.members             | yes   yes   yes       yes    yes   yes   hid     hid       hid  hid    hid
  room.members banned      | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  room.update topic        | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  room.update name         | yes   yes   103       103    103   103   hid     hid       hid  hid    hid
  room.freeze              | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  room.delete              | yes   103   103       103    103   103   hid     hid       hid  hid    hid
  room.add                 | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  room.kick                | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  room.ban                 | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  room.unban               | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  room.mute                | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  room.role                | yes   yes   103       103    103   103   hid     hid       hid  hid    hid
  room.transfer            | yes   103   103       103    103   103   hid     hid       hid  hid    hid
  room.leave               | yes   yes   yes       yes    yes   yes   103     103       hid  hid    hid
  room.join                | yes   yes   yes       yes    yes   yes   yes     103       hid  hid    hid
  room.join link           | yes   yes   yes       yes    yes   yes   yes     yes       yes  410    yes
  room.invite              | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  room.accept              | yes   yes   yes       yes    yes   yes   yes     103       hid  hid    hid
  room.decline             | 103   103   103       103    103   103   yes     103       hid  hid    hid
  room.request             | yes   yes   yes       yes    yes   yes   yes     yes       yes  hid    yes
  room.approve             | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  room.deny                | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  link.create              | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  link.list                | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  link.revoke              | yes   yes   yes       103    103   103   hid     hid       hid  hid    hid
  typing.set               | yes   yes   yes       yes    103   423   hid     hid       hid  hid    hid
  receipt.mark             | yes   yes   yes       yes    yes   yes   hid     hid       hid  hid    hid
  receipt.who              | yes   yes   yes       yes    yes   yes   hid     hid       hid  hid    hid`;

const [header = '', ...lines] = MATRIX.trim().split('\n');
const callers = header.split('|')[1]?.trim().split(/\s+/) ?? [];
const rows = lines.map(line => line.split('|').map(part => part.trim()) as [call: string, cells: string]);

for (const [call, cells] of rows)
  test(`${call}: everybody may what the rank and the relation to the room allow`, async () => {
    const found = await Promise.all(callers.map(caller => answer(call, caller)));
    const expected = cells.split(/\s+/);
    assert.deepEqual(
      Object.fromEntries(callers.map((caller, index) => [caller, found[index]])),
      Object.fromEntries(callers.map((caller, index) => [caller, expected[index]])),
    );
  });

test('every verb is in the matrix, or in the list of those that depend on no relation to a room', () => {
  assert.deepEqual(
    rows.map(([call]) => call),
    Object.keys(CALLS),
  );
  const inMatrix = new Set(rows.map(([call]) => verbIn(call)));
  const listed = Object.keys(WITHOUT_ROOM) as VerbName[];
  assert.deepEqual([...inMatrix, ...listed].sort(), Object.keys(VERBS).sort());
  for (const name of listed) assert.ok(!('room' in VERBS[name].params), `${name} names a room`);
});
