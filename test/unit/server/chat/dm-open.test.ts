import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerbName } from '../../../../client/verbs.ts';
import { HIDDEN } from '../../../../server/access/rights.ts';
import type { Verb } from '../../../../server/chat/verb.ts';
import { VERBS } from '../../../../server/chat/verbs.ts';
import { CommandError } from '../../../../server/protocol/command-error.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

test('whoever opens the room of two users, and however often, it is one room with two plain members', async () => {
  const { as, chat, members, entriesOf } = roomChat();
  const { room } = await as('ann', 'dm.open', { user: 'bob' });
  assert.match(room, /^dm:[\w-]{22}$/);
  assert.deepEqual(await as('bob', 'dm.open', { user: 'ann' }), { room });
  assert.deepEqual(await as('ann', 'dm.open', { user: 'bob' }), { room });
  assert.deepEqual(await members(room), { ann: 'member', bob: 'member' });
  assert.deepEqual(
    (await entriesOf(room)).map(({ type, user, data }) => [type, user, data['act']]),
    [['room', 'ann', 'create']],
  );
  for (const user of ['ann', 'bob']) assert.equal((await chat.userRooms.of(user)).get(room)?.state, 'member');
  assert.notEqual((await as('ann', 'dm.open', { user: 'carl' })).room, room);
});

test('both who open a room at the same moment get it, and one entry makes it', async () => {
  const { as, entriesOf } = roomChat();
  const [one, other] = await Promise.all([
    as('ann', 'dm.open', { user: 'bob' }),
    as('bob', 'dm.open', { user: 'ann' }),
  ]);
  assert.deepEqual(one, other);
  assert.equal((await entriesOf(one.room)).length, 1);
});

test('room.get names the other user to each of the two', async () => {
  const { as, create } = roomChat();
  const { room } = await as('ann', 'dm.open', { user: 'bob' });
  assert.deepEqual(
    [(await as('ann', 'room.get', { room })).user, (await as('bob', 'room.get', { room })).user],
    ['bob', 'ann'],
  );
  assert.equal((await as('ann', 'room.get', { room: await create('ann', ['bob']) })).user, undefined);
});

test('nobody has a room with themselves', async () => {
  assert.deepEqual(await roomChat().refused('ann', 'dm.open', { user: 'ann' }), {
    code: 107,
    message: 'user must be another user than the caller',
  });
});

test('a room is opened once all gateways keep blocks; one that is there is named before', async () => {
  const { as, code, rights } = roomChat();
  const { room } = await as('ann', 'dm.open', { user: 'bob' });
  rights.kept = false;
  assert.equal(await code('ann', 'dm.open', { user: 'carl' }), 100);
  assert.deepEqual(await as('bob', 'dm.open', { user: 'ann' }), { room });
});

test('a user makes so many rooms a day with users who are not friends; rooms that are there, and those of friends, do not count', async () => {
  const { as, code, clock } = roomChat({}, { CHAT_DIRECT_ROOMS_PER_DAY: '2' });
  const open = (user: string, other: string) => code(user, 'dm.open', { user: other });
  for (const other of ['bob', 'carl', 'bob', 'carl']) await as('ann', 'dm.open', { user: other });
  assert.equal(await open('ann', 'dan'), 106);
  await as('bob', 'dm.open', { user: 'ann' });
  await as('dan', 'friend.request', { user: 'ann' });
  assert.equal(await open('ann', 'dan'), 106, 'who has asked is no friend yet');
  await as('ann', 'friend.accept', { user: 'dan' });
  await as('ann', 'dm.open', { user: 'dan' });
  assert.equal(await open('ann', 'eve'), 106);
  clock.pass(86_400_000);
  await as('ann', 'dm.open', { user: 'eve' });
});

test('a user who is blocked is refused as by a privacy setting, and one who blocks is told so; also of a room that is there', async () => {
  const { as, refused, rights } = roomChat();
  await as('ann', 'dm.open', { user: 'bob' });
  for (const other of ['bob', 'carl']) {
    await as('ann', 'block.add', { user: other });
    assert.deepEqual(await refused(other, 'dm.open', { user: 'ann' }), {
      code: 103,
      message: 'permission denied: the user does not allow it',
    });
    assert.deepEqual(await refused('ann', 'dm.open', { user: other }), {
      code: 409,
      message: 'you have blocked this user',
    });
    await as('ann', 'block.remove', { user: other });
    await as(other, 'dm.open', { user: 'ann' });
  }
  // Privacy is asked about a new room alone.
  await as('ann', 'block.add', { user: 'dan' });
  await as('eve', 'settings.set', { privacy: { dm: 'friends' } });
  for (const kept of [true, false]) {
    rights.kept = kept;
    const refusals = await Promise.all(['ann', 'eve'].map(user => refused('dan', 'dm.open', { user })));
    assert.deepEqual(refusals[0], refusals[1]);
  }
  rights.kept = true;
  await as('eve', 'dm.open', { user: 'dan' });
  await as('dan', 'dm.open', { user: 'eve' });
});

test('a kind dm with open rooms has none of two users', async () => {
  const chat = roomChat({ dm: { access: 'Open', create: 'Anyone' } });
  assert.equal(await chat.code('ann', 'dm.open', { user: 'bob' }), 108);
  const room = await chat.create('ann', [], 'dm');
  await chat.as('bob', 'room.join', { room });
  assert.equal((await chat.as('bob', 'room.get', { room })).user, undefined);
});

/** Answers of the verbs to one of the two, on the other one where the verb is about a user. The same for both. */
const MEMBER: Readonly<Partial<Record<VerbName | `${VerbName} ${string}`, string>>> = {
  'message.send': 'yes',
  'message.edit': 'yes',
  "message.edit another's": '103',
  'message.delete': 'yes',
  "message.delete another's": '103',
  "message.delete another's for me": 'yes',
  'message.react': 'yes',
  'message.list': 'yes',
  'message.get': 'yes',
  'room.get': 'yes',
  'room.members': 'yes',
  'room.update': '103',
  'room.freeze': '103',
  'room.delete': '103',
  'room.add': '103',
  'room.kick': '103',
  'room.ban': '103',
  'room.unban': '103',
  'room.mute': '103',
  'room.role': '103',
  'room.transfer': '103',
  'room.leave': '108',
  'room.join': 'repeat',
  'room.invite': '103',
  'room.accept': 'repeat',
  'room.decline': '103',
  'room.request': '103',
  'room.approve': '103',
  'room.deny': '103',
  'receipt.who': 'yes',
  'typing.set': 'yes',
  'link.create': '103',
  'link.list': '103',
  'link.revoke': '103',
};

/** A room of ann and bob with a message of each. */
async function scene() {
  const chat = roomChat();
  const { room } = await chat.as('ann', 'dm.open', { user: 'bob' });
  const send = async (user: string) => {
    const of = chat.idOf();
    const { offset: target } = await chat.as(user, 'message.send', { id: of, room, text: 'hello' });
    return { target, of };
  };
  return { ...chat, room, messages: { ann: await send('ann'), bob: await send('bob') } };
}

type Caller = 'ann' | 'bob';
const otherOf = (caller: Caller): Caller => (caller === 'ann' ? 'bob' : 'ann');

async function answer(row: string, caller: Caller | 'eve'): Promise<string> {
  const at = await scene();
  const { room, messages } = at;
  const [name, whose = '', scope = ''] = row.split(/ (?=another|for)/) as [VerbName, string?, string?];
  const self = caller === 'eve' ? 'ann' : caller;
  const message = messages[whose === '' ? self : otherOf(self)];
  const verb = VERBS[name] as Verb;
  const params = {
    ...verb.example.params,
    id: at.idOf(),
    room,
    ...('user' in verb.params ? { user: otherOf(self) } : {}),
    ...('users' in verb.params ? { users: ['carl'] } : {}),
    ...('until' in verb.params ? { until: 4_000_000_000_000 } : {}),
    ...('target' in verb.params ? message : {}),
    ...('targets' in verb.params ? { targets: [message] } : {}),
    ...('ids' in verb.params ? { ids: [message] } : {}),
    ...(scope === '' ? {} : { scope: 'me' }),
    ...(name === 'message.list' ? { after: undefined, before: undefined } : {}),
    ...(name === 'room.members' ? { cursor: undefined, state: undefined } : {}),
    ...(name === 'room.join' ? { link: undefined } : {}),
  };
  const { cv } = await at.chat.rooms.fresh(room);
  try {
    const result = (await at.as(caller, name, params)) as { readonly cv?: number };
    assert.equal((await at.chat.rooms.fresh(room)).cv, cv, `${name} makes no version of the room`);
    return result.cv === undefined || name === 'room.get' ? 'yes' : 'repeat';
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return error.message === HIDDEN.detail ? 'hid' : String(error.error.code);
  }
}

for (const [row, expected] of Object.entries(MEMBER))
  test(`${row}: each of the two is answered ${expected}, and everybody else as if there were no room`, async () => {
    assert.deepEqual([await answer(row, 'ann'), await answer(row, 'bob')], [expected, expected]);
    assert.equal(await answer(row, 'eve'), 'hid');
  });

test('the table has every verb that names a room', () => {
  const named = Object.entries(VERBS).flatMap(([name, verb]) => ('room' in verb.params ? [name] : []));
  const rows = new Set(Object.keys(MEMBER).map(row => row.split(' ', 1)[0]));
  assert.deepEqual([...rows].sort(), named.sort());
});
