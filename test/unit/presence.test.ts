import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { BEAT_MS, MOST_MEMBERS, Presence, type PresenceBus } from '../../server/presence/presence.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { PresenceNet } from '../support/memory-presence-bus.ts';
import { settle } from '../support/settle.ts';
import { TestMember, TestRooms } from '../support/test-rooms.ts';

const ROOM = 'channel:room';
const MAX_PAYLOAD = 1_000_000;

/** Gateways that have heard of each other. */
async function gateways(count: number) {
  const clock = new ManualClock();
  const net = new PresenceNet();
  const partials: string[] = [];
  const all = Array.from({ length: count }, (_, i) => {
    const rooms = new TestRooms();
    const bus = net.bus();
    const gateway = `gateway-${i}`;
    const now = () => clock.now();
    const presence = new Presence({
      gateway,
      rooms: rooms.rooms,
      bus,
      now,
      partial: () => void partials.push(gateway),
      gone: () => undefined,
    });
    return { rooms, bus, presence };
  });
  for (const { presence } of all) presence.beat();
  await settle();
  const [first, second] = all;
  assert.ok(first && second);
  return { clock, net, partials, all, first, second };
}

test('presence is asked of all gateways, and each answers for its own connections', async () => {
  const { all, first, partials } = await gateways(3);
  const members = await Promise.all(all.map(({ rooms }) => rooms.join(ROOM)));
  await first.rooms.join('channel:other');
  const { members: found, partial } = await first.presence.members(ROOM);
  assert.deepEqual([...found.keys()].sort(), members.map(({ client }) => client).sort());
  assert.deepEqual([partial, partials], [false, []]);
});

test('a gateway that does not answer within 300 ms makes the answer partial, not late', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { net, first, second, partials } = await gateways(2);
  await first.rooms.join(ROOM);
  await second.rooms.join(ROOM);
  net.silent.add(second.bus);
  const asked = first.presence.members(ROOM);
  await settle();
  t.mock.timers.tick(300);
  const { members, partial } = await asked;
  assert.deepEqual([members.size, partial, partials], [1, true, ['gateway-0']]);
});

test('a gateway whose heartbeats have stopped, or that said farewell, is not waited for', async () => {
  const { clock, net, first, second } = await gateways(2);
  net.silent.add(second.bus);
  for (let i = 0; i < 4; i++) {
    clock.pass(BEAT_MS);
    first.presence.beat();
    await settle();
  }
  assert.equal((await first.presence.members(ROOM)).partial, false);

  const others = await gateways(2);
  others.second.presence.leave();
  others.net.silent.add(others.second.bus);
  await settle();
  assert.equal((await others.first.presence.members(ROOM)).partial, false);
});

test('a gateway that starts learns of the others from their answer to its first heartbeat', async () => {
  const { net, clock, first } = await gateways(2);
  await first.rooms.join(ROOM);
  const late = new Presence({
    gateway: 'late',
    rooms: new TestRooms().rooms,
    bus: net.bus(),
    now: () => clock.now(),
    partial: () => undefined,
    gone: () => undefined,
  });
  late.beat();
  await settle();
  assert.equal((await late.members(ROOM)).members.size, 1);
});

test('an answer serves those who ask within a second, and is forgotten then', async () => {
  const { clock, net, first, second } = await gateways(2);
  await first.presence.members(ROOM);
  await second.rooms.join(ROOM);
  clock.pass(1_000);
  assert.equal((await first.presence.members(ROOM)).members.size, 0);
  assert.equal(net.questions, 1);
  clock.pass(1);
  assert.equal((await first.presence.members(ROOM)).members.size, 1);
  assert.equal(net.questions, 2);
});

test('a room too large for one answer is partial, and its answer fits a NATS message with the longest users', async () => {
  const rooms = new TestRooms();
  const room = rooms.rooms.open(ROOM);
  await room.ready();
  const user = '界'.repeat(128);
  const join = (count: number) => {
    for (let i = 0; i < count; i++) room.add(Object.assign(new TestMember(rooms), { user }));
  };
  let answer: (question: string) => string = () => '';
  const bus: PresenceBus = {
    beat: () => undefined,
    onBeat: () => undefined,
    ask: () => ({ stop: () => undefined }),
    onAsk: reply => {
      answer = reply;
    },
  };
  const name = 'x'.repeat(253);
  const presence = new Presence({
    gateway: name,
    rooms: rooms.rooms,
    bus,
    now: () => 0,
    partial: mock.fn(),
    gone: mock.fn(),
  });
  join(MOST_MEMBERS);
  assert.equal((await presence.members(ROOM)).partial, false);
  join(1);
  const said = answer(ROOM);
  assert.equal((JSON.parse(said) as { partial: boolean }).partial, true);
  assert.ok(Buffer.byteLength(said) < MAX_PAYLOAD, `${Buffer.byteLength(said)} bytes`);
});
