import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UserRoom } from '../../../../server/membership/room-states.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';

const named = (kind: string, count: number): [string, UserRoom][] =>
  Array.from({ length: count }, (_, index) => [
    `${kind}:${index}`,
    { kind, state: 'member', rank: 'member', since: 0, cv: 1 },
  ]);

/** A chat in which eve has rooms of others, without the acts that made them. */
function crowded(rooms: Iterable<readonly [string, UserRoom]>) {
  const chat = roomChat();
  const { of } = chat.chat.userRooms;
  chat.chat.userRooms.of = async user => {
    const known = await of.call(chat.chat.userRooms, user);
    return user === 'eve' ? new Map([...known, ...rooms]) : known;
  };
  const say = async (room: string) => {
    const none = { dedupe: '', time: 0, client: 'c', traceparent: '', cv: 0, seen: 0, targets: [] };
    await chat.log.publish(room, Buffer.from('{}'), { ...none, type: 'message', id: chat.idOf(), user: 'zoe' });
  };
  return { ...chat, say };
}

test('rooms that others opened without a word take no place of a user, those with a message do', async () => {
  const { as, code, create, say } = crowded([...named('group', 1_999), ...named('dm', 1_500)]);
  const room = await create('ann');
  assert.deepEqual((await as('ann', 'room.add', { room, users: ['eve'] })).users, { eve: 'added' });
  assert.equal(await code('eve', 'room.create', { kind: 'group' }), 106);
  await as('eve', 'room.leave', { room });
  await say('dm:1');
  assert.deepEqual((await as('ann', 'room.invite', { room, users: ['eve'] })).users, { eve: 'refused' });
  assert.equal(await code('eve', 'room.create', { kind: 'group' }), 106);
  assert.equal(await code('ann', 'dm.open', { user: 'eve' }), 106);
});

test('strangers open no more than 2,000 rooms with a user without a word; the user and friends go on', async () => {
  const { as, refused } = crowded(named('dm', 2_000));
  assert.deepEqual(await refused('ann', 'dm.open', { user: 'eve' }), {
    code: 106,
    message: 'a user has at most 2000 rooms, invitations and requests: eve has no place for another',
  });
  await as('eve', 'dm.open', { user: 'carl' });
  await as('eve', 'room.create', { kind: 'group' });
  await as('ann', 'friend.request', { user: 'eve' });
  await as('eve', 'friend.accept', { user: 'ann' });
  await as('ann', 'dm.open', { user: 'eve' });
});
