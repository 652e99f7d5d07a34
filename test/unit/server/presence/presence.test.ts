import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BEAT_MS } from '../../../../server/presence/peers.ts';
import { MOST_PREVIOUS_MEMBERS } from '../../../../server/presence/previous.ts';
import { shardOf } from '../../../../server/presence/shards.ts';
import { MOST_EXACT_USERS } from '../../../../server/presence/users.ts';
import { PresentGateways } from '../../../support/chat/present-gateways.ts';
import { TestMember } from '../../../support/chat/test-rooms.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'channel:room';
const MAX_PAYLOAD = 1_000_000;

test('presence is asked of the gateways that have members of the room, of no other', async () => {
  const gateways = await PresentGateways.start(4);
  const [first, second, third] = [gateways.at(0), gateways.at(1), gateways.at(2)];
  await first.enter(ROOM, 'alice');
  await second.enter(ROOM, 'bob');
  await third.enter('channel:other', 'carol');
  await gateways.told();
  gateways.net.questions.length = 0;
  assert.deepEqual(await first.users(ROOM), ['alice', 'bob']);
  assert.deepEqual(gateways.net.questions, [`gateway-1 {"rooms":[["${ROOM}",1000,0]]}`]);
});

test('a room that is nowhere else is asked of no gateway, and answered at once', async () => {
  const gateways = await PresentGateways.start(3);
  const first = gateways.at(0);
  await first.enter(ROOM, 'alice');
  await gateways.told();
  assert.deepEqual([await first.users(ROOM), gateways.net.questions], [['alice'], []]);
});

test('rooms asked in one turn are one question to each gateway', async () => {
  const gateways = await PresentGateways.start(2);
  const rooms = Array.from({ length: 600 }, (_, i) => `channel:${i}`);
  for (const room of rooms) await gateways.at(1).enter(room, room);
  await gateways.told();
  const answers = await Promise.all(rooms.map(room => gateways.at(0).users(room)));
  assert.deepEqual(
    answers,
    rooms.map(room => [room]),
  );
  assert.equal(gateways.net.questions.length, 2); // of at most 500 rooms
});

test('whoever left is not asked for any more', async () => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  const bob = await second.enter(ROOM, 'bob');
  await gateways.told();
  second.leave(ROOM, bob);
  await gateways.told();
  assert.deepEqual([await first.users(ROOM), gateways.net.questions], [[], []]);
});

test('own joins and leaves are seen at once, whatever was answered before', async () => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  await second.enter(ROOM, 'bob');
  await gateways.told();
  assert.deepEqual(await first.users(ROOM), ['bob']);
  const alice = await first.enter(ROOM, 'alice');
  assert.deepEqual(await first.users(ROOM), ['alice', 'bob']);
  assert.deepEqual(await first.presence.stats(ROOM), { clients: 2, users: 2 });
  first.leave(ROOM, alice);
  assert.deepEqual(await first.users(ROOM), ['bob']);
  assert.deepEqual(await first.presence.stats(ROOM), { clients: 1, users: 1 });
});

test('a member that still recovers is present, once, and on every gateway', async () => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  const member = Object.assign(new TestMember(first.rooms), { user: 'alice' });
  first.presence.entered(ROOM, member);
  await gateways.told();
  assert.deepEqual([await first.users(ROOM), await second.users(ROOM)], [['alice'], ['alice']]);
  await first.rooms.join(ROOM, null, member);
  assert.deepEqual(await first.users(ROOM), ['alice']);
  first.presence.arrived(ROOM, member);
  assert.deepEqual(await first.presence.stats(ROOM), { clients: 1, users: 1 });
});

test('an answer to a question for few members does not serve one for more', async () => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  for (const user of ['alice', 'bob']) await second.enter(ROOM, user);
  await gateways.told();
  assert.equal((await first.presence.members(ROOM, 1)).members, null);
  assert.deepEqual(await first.users(ROOM, 2), ['alice', 'bob']);
  assert.equal((await first.presence.members(ROOM, 1)).members, null);
  const asked = gateways.net.questions.filter(question => question.includes(ROOM));
  assert.equal(asked.length, 2);
});

test('answers of the others serve those who ask within a second, unless somebody is heard to come or go', async () => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  await second.enter(ROOM, 'bob');
  await gateways.told();
  await first.users(ROOM);
  await second.enter(ROOM, 'carol');
  gateways.clock.pass(1_000);
  assert.deepEqual(await first.users(ROOM), ['bob']);
  first.presence.changed(ROOM);
  assert.deepEqual(await first.users(ROOM), ['bob', 'carol']);
  await second.enter(ROOM, 'dave');
  gateways.clock.pass(1_001);
  assert.deepEqual(await first.users(ROOM), ['bob', 'carol', 'dave']);
});

test('a room of more connections than asked for is counted, not cut', async () => {
  const gateways = await PresentGateways.start(3);
  await gateways.at(0).enterMany(ROOM, 500);
  await gateways.at(1).enterMany(ROOM, 2_500);
  await gateways.at(2).enterMany(ROOM, 100);
  await gateways.told();
  const found = await gateways.at(0).presence.members(ROOM, 3_099);
  assert.deepEqual([found.clients, found.members, found.partial], [3_100, null, false]);
  gateways.at(0).presence.changed(ROOM);
  const listed = await gateways.at(0).presence.members(ROOM, 3_100);
  assert.deepEqual([listed.clients, listed.members?.size, listed.partial], [3_100, 3_100, false]);
});

test('users on several gateways are counted once, exactly', async () => {
  const gateways = await PresentGateways.start(2);
  await gateways.at(0).enterMany(ROOM, 3_000, i => `user ${i}`);
  await gateways.at(1).enterMany(ROOM, 4_000, i => `user ${2_000 + i}`);
  await gateways.told();
  for (const { presence } of gateways.all)
    assert.deepEqual(await presence.stats(ROOM), { clients: 7_000, users: 6_000 });
});

test('above 8,192 users a gateway their number is within 3 percent, and the connections are exact', async () => {
  const gateways = await PresentGateways.start(2);
  const count = MOST_EXACT_USERS + 8_000;
  await gateways.at(0).enterMany(ROOM, count, i => `user ${i}`);
  await gateways.at(1).enterMany(ROOM, 5_000, i => `user ${count - 1_000 + i}`);
  await gateways.told();
  const { clients, users } = await gateways.at(1).presence.stats(ROOM);
  assert.equal(clients, count + 5_000);
  assert.ok(Math.abs(users - (count + 4_000)) < (count + 4_000) * 0.03, `${users} of ${count + 4_000}`);
});

test('an answer of many members comes in messages below the largest of NATS, with the longest users', async () => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  await second.enterMany(ROOM, 5_000, i => `${i}`.padEnd(128, '界'));
  const said: number[] = [];
  await gateways.told();
  gateways.net.answered = bytes => void said.push(bytes);
  const { members, partial } = await first.presence.members(ROOM, 10_000);
  assert.deepEqual([members?.size, partial], [5_000, false]);
  assert.ok(said.length > 5 && said.every(bytes => bytes < MAX_PAYLOAD), String(said));
});

test('a gateway that does not answer within 300 ms makes the answer partial, not late', async t => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  await first.enter(ROOM, 'alice');
  await second.enter(ROOM, 'bob');
  await gateways.told();
  gateways.net.silent.add(second.bus);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked = first.presence.members(ROOM, 10);
  await settle();
  t.mock.timers.tick(300);
  const { clients, partial } = await asked;
  assert.deepEqual([clients, partial, first.partials], [1, true, 1]);
});

test('a gateway that NATS knows to be away is not waited for', async t => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  await second.enter(ROOM, 'bob');
  await gateways.told();
  gateways.net.away.add(second.bus);
  t.mock.timers.enable({ apis: ['setTimeout'] }); // the deadline never comes
  const { clients, partial } = await first.presence.members(ROOM, 10);
  assert.deepEqual([clients, partial], [0, true]);
});

test('a gateway whose heartbeats have stopped, or that said farewell, is gone and not asked', async () => {
  for (const farewell of [true, false]) {
    const gateways = await PresentGateways.start(2);
    const [first, second] = [gateways.at(0), gateways.at(1)];
    await second.enter(ROOM, 'bob');
    await gateways.told();
    if (farewell) second.presence.leave();
    await settle();
    gateways.net.silent.add(second.bus);
    for (let i = 0; i < 4; i++) {
      gateways.clock.pass(BEAT_MS);
      first.presence.beat();
      await settle();
    }
    assert.deepEqual([await first.users(ROOM), first.gone, first.partials], [[], ['gateway-1'], 0]);
  }
});

test('a gateway that is cut off from NATS takes nobody for dead, and hears of it when it is over', async () => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  await second.enter(ROOM, 'bob');
  await gateways.told();
  gateways.net.silent.add(first.bus);
  for (let i = 0; i < 10; i++) {
    gateways.clock.pass(BEAT_MS);
    await gateways.beat();
  }
  assert.deepEqual([first.gone, second.gone], [[], ['gateway-0']]);
  gateways.net.reconnect(first.bus);
  await settle();
  gateways.clock.pass(BEAT_MS);
  await gateways.beat();
  assert.deepEqual([first.gone, first.resumed, await first.users(ROOM)], [[], 1, ['bob']]);
});

test('a gateway that starts learns what the others hold', async () => {
  const gateways = await PresentGateways.start(2);
  await gateways.at(0).enter(ROOM, 'alice');
  await gateways.told();
  const late = gateways.add('late');
  late.presence.beat();
  await settle();
  assert.deepEqual(await late.users(ROOM), ['alice']);
  gateways.net.questions.length = 0;
  assert.deepEqual([await late.users('channel:nowhere'), gateways.net.questions], [[], []]);
});

test('a change that was lost is noticed by the next heartbeat; until its shards are known the gateway is asked for all', async () => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  gateways.net.silent.add(first.bus);
  await second.enter(ROOM, 'bob');
  await gateways.told();
  gateways.net.silent.clear();
  assert.deepEqual(await first.users(ROOM), []);
  gateways.clock.pass(BEAT_MS);
  second.presence.beat();
  await settle();
  assert.deepEqual(await first.users(ROOM), ['bob']);
});

test('more changes than fit a heartbeat are learned all the same', async () => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  const member = new TestMember(second.rooms);
  for (let i = 0; i < 6_000; i++) second.presence.entered(`channel:${i}`, member);
  await gateways.told();
  const lengths = gateways.net.beats.map(beat => beat.length);
  assert.ok(lengths.length > 0 && lengths.every(length => length < 1_000), `${lengths}`);
  assert.equal((await first.presence.members('channel:5999', 10)).clients, 1);
});

test('a gateway of the same name in place of one that died is another: its members are not those', async () => {
  const gateways = await PresentGateways.start(2);
  await gateways.at(1).enter(ROOM, 'bob');
  await gateways.told();
  gateways.net.silent.add(gateways.at(1).bus);
  gateways.net.away.add(gateways.at(1).bus);
  const again = gateways.add('gateway-1');
  again.presence.beat();
  await settle();
  assert.deepEqual(gateways.at(0).gone, ['gateway-1']);
  assert.deepEqual(await gateways.at(0).users(ROOM), []);
});

test('messages that are no good are as good as lost', async () => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  await second.enter(ROOM, 'bob');
  await gateways.told();
  const bad = ['', '{', 'null', '[]', '{"gateway":1}', '{"gateway":"x","life":"y","version":-1}'];
  const worse = ['{"gateway":"gateway-1","life":"y","version":1,"change":{"set":[1e9],"cleared":[]}}'];
  for (const text of [...bad, ...worse]) second.bus.beat(text);
  await settle();
  const answers: (string | null)[] = [];
  for (const text of [...bad, '{"rooms":[1]}', '{"rooms":[["a",-1]]}', '{"rooms":{}}'])
    first.bus.ask('gateway-1', text, answer => void answers.push(answer));
  await settle();
  assert.deepEqual([answers, await first.users(ROOM)], [[], ['bob']]);
});

test('the shard of a room never changes: gateways of two releases have to agree', () => {
  assert.deepEqual(['channel:hall', 'channel:界', 'user:alice', ''].map(shardOf), [209_438, 142_477, 234_831, 17_548]);
});

/** As the previous release says it, word for word. */
const PREVIOUS = { gateway: 'old', members: [['client-1', 'bob']], partial: false };

test('a gateway of the previous release is asked as it was, and answered as it was', async () => {
  const gateways = await PresentGateways.start(2);
  const first = gateways.at(0);
  await first.enter(ROOM, 'alice');
  await gateways.at(1).enter(ROOM, 'carol');
  await gateways.told();
  const old = gateways.net.bus();
  gateways.net.outdated.add(old);
  old.onAskPrevious(room =>
    room === ROOM ? JSON.stringify(PREVIOUS) : '{"gateway":"old","members":[],"partial":false}',
  );
  old.beat('{"gateway":"old","leaving":false}');
  await settle();
  assert.deepEqual(await first.users(ROOM), ['alice', 'bob', 'carol']);
  assert.deepEqual(await first.presence.stats(ROOM), { clients: 3, users: 3 });
  assert.deepEqual(await first.users('channel:none'), []);

  const [member] = (await first.presence.members(ROOM, 10)).members?.values() ?? [];
  const heard: string[] = [];
  gateways.net.askAsPrevious(ROOM, answer => void heard.push(answer));
  await settle();
  const own = [...((await first.presence.members(ROOM, 10)).members?.values() ?? [])].find(
    ({ user }) => user === 'alice',
  );
  assert.ok(member && own);
  assert.equal(heard[0], `{"gateway":"gateway-0","members":[["${own.client}","alice"]],"partial":false}`);

  old.beat('{"gateway":"old","leaving":true}');
  await settle();
  assert.deepEqual([first.gone, await first.users(ROOM)], [['old'], ['alice', 'carol']]);
});

test('what the previous release is answered fits its one message, with the longest users', async () => {
  const gateways = await PresentGateways.start(1);
  await gateways.at(0).enterMany(ROOM, MOST_PREVIOUS_MEMBERS + 1, () => '界'.repeat(128));
  const heard: string[] = [];
  gateways.net.askAsPrevious(ROOM, answer => void heard.push(answer));
  await settle();
  const [said = ''] = heard;
  assert.equal((JSON.parse(said) as { partial: boolean }).partial, true);
  assert.ok(Buffer.byteLength(said) < MAX_PAYLOAD, `${Buffer.byteLength(said)} bytes`);
});
