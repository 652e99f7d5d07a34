import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NotedEnd } from '../../../../server/ephemeral/bump-bus.ts';
import { Bumps } from '../../../../server/ephemeral/bumps.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { protobufCodec } from '../../../../server/protocol/protobuf.ts';
import type { Member } from '../../../../server/room/member.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

/** Bumps of one gateway with two partitions: rooms that begin with `a`, and others. */
function gateway(most = 100) {
  const clock = new ManualClock();
  const devices: ReturnType<typeof device>[] = [];
  const rooms = new Map<string, string[]>();
  const heard = new Map<number, (end: NotedEnd) => void>();
  const seen = { refused: 0, pushed: 0, drops: false, subscribers: new Map<string, string[]>() };
  const partitionOf = (room: string) => (room.startsWith('a') ? 0 : 1);
  const bumps = new Bumps({
    now: clock.now,
    after: clock.after,
    bus: {
      follow: (partition, wanted, take) => {
        heard.set(partition, end => wanted(end.room) && take(end));
        return () => void heard.delete(partition);
      },
    },
    partitionOf,
    own: user => devices.map(({ member }) => member).filter(member => member.user === user),
    roomsOf: async user => rooms.get(user) ?? [],
    subscribers: room => (seen.subscribers.get(room) ?? []).map(client => ({ client })),
    codecs: { json: jsonCodec, protobuf: protobufCodec },
    most: () => most,
    refused: count => {
      seen.refused += count;
    },
    pushed: () => {
      seen.pushed += 1;
    },
    drops: () => seen.drops,
  });
  const connect = (user: string, client: string) => {
    const made = device(user, client);
    devices.push(made);
    return made;
  };
  const message = (room: string, offset: number, countable = offset) =>
    heard.get(partitionOf(room))?.({ room, top: offset, countable });
  return { clock, bumps, rooms, heard, seen, connect, message };
}

function device(user: string, client: string) {
  const pushes: Record<string, number>[] = [];
  const state = { isBackground: false, isAlive: true, isFull: false };
  const offer = (frame: Buffer | string) => {
    if (state.isFull) return false;
    const { push } = JSON.parse(String(frame)) as {
      push: { message: { data: { type: string; rooms: { room: string; top: number }[] } } };
    };
    assert.equal(push.message.data.type, 'bump');
    pushes.push(Object.fromEntries(push.message.data.rooms.map(({ room, top }) => [room, top])));
    return true;
  };
  const member = {
    user,
    client,
    encoding: 'json',
    get isBackground() {
      return state.isBackground;
    },
    alive: () => state.isAlive,
    offer,
  } as unknown as Member;
  return { member, pushes, state };
}

test('a connection that asked gets one push a second with the rooms that got messages, others cost nothing', async () => {
  const { clock, bumps, rooms, heard, connect, message } = gateway();
  rooms.set('ann', ['a1', 'b1']);
  const [asked, silent] = [connect('ann', '1'), connect('ann', '2')];
  message('a1', 1);
  assert.equal(heard.size, 0, 'nothing is heard before somebody asks');
  await bumps.follow('ann', '1');
  for (let at = 2; at < 10; at++) message('a1', at);
  message('other', 10);
  await clock.passSettling(100);
  assert.deepEqual(asked.pushes, [{ a1: 9 }]);
  message('a1', 11);
  message('b1', 12);
  message('b1', 13, 12);
  await clock.passSettling(999);
  assert.equal(asked.pushes.length, 1);
  await clock.passSettling(1);
  assert.deepEqual(asked.pushes.slice(1), [{ a1: 11, b1: 12 }]);
  message('b1', 14, 12);
  await clock.passSettling(5_000);
  assert.equal(asked.pushes.length, 2, 'an entry that does not count is no bump');
  assert.deepEqual(silent.pushes, []);
  asked.state.isAlive = false;
  bumps.moved('ann', asked.member);
  assert.equal(heard.size, 0);
});

test('nothing is pushed of subscribed rooms, nor to the background, a full buffer or under overload; it comes afterwards', async () => {
  const { clock, bumps, rooms, seen, connect, message } = gateway();
  rooms.set('ann', ['a1', 'a2', 'a3', 'a4']);
  const phone = connect('ann', '1');
  await bumps.follow('ann', '1');
  seen.subscribers.set('a1', ['1']);
  message('a1', 1);
  await clock.passSettling(2_000);
  assert.deepEqual(phone.pushes, []);
  phone.state.isBackground = true;
  message('a2', 2);
  await clock.passSettling(2_000);
  assert.deepEqual(phone.pushes, []);
  phone.state.isBackground = false;
  bumps.turned('ann', '1');
  await clock.passSettling(2_000);
  assert.deepEqual(phone.pushes, [{ a2: 2 }]);
  phone.state.isFull = true;
  message('a3', 3);
  await clock.passSettling(2_000);
  phone.state.isFull = false;
  await clock.passSettling(2_000);
  assert.deepEqual(phone.pushes.slice(1), [{ a3: 3 }]);
  seen.drops = true;
  message('a4', 4);
  await clock.passSettling(3_000);
  assert.equal(phone.pushes.length, 2);
  seen.drops = false;
  await clock.passSettling(1_000);
  assert.deepEqual(phone.pushes.slice(2), [{ a4: 4 }]);
  assert.equal(seen.pushed, 3);
});

test('rooms that the user joins are followed and those that the user leaves are not, up to the most of a gateway', async () => {
  const { clock, bumps, rooms, seen, heard, connect, message } = gateway(2);
  rooms.set('ann', ['a1']);
  rooms.set('bob', ['a1', 'b1']);
  const [ann, bob] = [connect('ann', '1'), connect('bob', '2')];
  await bumps.follow('ann', '1');
  await bumps.follow('bob', '2');
  assert.equal(seen.refused, 1, 'a room counts for each of its users');
  message('a1', 1);
  assert.equal(heard.has(1), false);
  await clock.passSettling(1_000);
  assert.deepEqual([ann.pushes, bob.pushes], [[{ a1: 1 }], [{ a1: 1 }]]);
  rooms.set('ann', []);
  message('a1', 2);
  await bumps.reconsider('ann');
  rooms.set('bob', ['b1']);
  await bumps.reconsider('bob');
  await clock.passSettling(1_000);
  message('b1', 3);
  await clock.passSettling(1_000);
  assert.equal(ann.pushes.length, 1);
  assert.deepEqual(bob.pushes.slice(1), [{ b1: 3 }]);
});
