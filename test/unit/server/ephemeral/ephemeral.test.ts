import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EphemeralLane } from '../../../../server/ephemeral/ephemeral.ts';
import { readStateEvent } from '../../../../server/presence/watched-user.ts';
import type { Frame } from '../../../../server/protocol/codec.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { protobufCodec } from '../../../../server/protocol/protobuf.ts';
import type { Member } from '../../../../server/room/member.ts';
import { EphemeralNet } from '../../../support/chat/memory-ephemeral-bus.ts';
import { testMetrics } from '../../../support/chat/test-chat.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { anyJson, fuzz, mutated } from '../../../support/fuzz/fuzz.ts';

const ROOM = 'group:tea';
const COLLECTED_MS = 50;

/** A connection that keeps the frames it is offered. */
class Connection {
  readonly frames: Frame[] = [];
  /** True while more than half of its send buffer is taken. */
  full = false;
  readonly member: Member;

  constructor(user: string, encoding: Member['encoding'] = 'json', isBackground = false) {
    this.member = {
      encoding,
      client: user,
      user,
      isBackground,
      subscribe: () => undefined,
      unsubscribe: () => undefined,
      send: () => assert.fail('an event may be lost, so it is offered'),
      offer: frame => !this.full && this.frames.push(frame) > 0,
      congested: () => false,
      writable: () => Promise.resolve(),
      inSlot: read => read(),
      expelled: () => undefined,
      removed: () => undefined,
      alive: () => true,
      shown: () => undefined,
    };
  }
}

/** Gateways `a` and `b`, and what is between them. */
class Scene {
  readonly clock = new ManualClock();
  readonly net = new EphemeralNet();
  readonly metrics = { a: testMetrics(), b: testMetrics() };
  /** States that gateways heard of, with the gateway. */
  readonly heard: unknown[] = [];
  readonly #rooms = { a: new Map<string, Member[]>(), b: new Map<string, Member[]>() };
  readonly a = this.#lane('a', 'b');
  readonly b = this.#lane('b', 'a');

  #lane(name: 'a' | 'b', other: 'a' | 'b'): EphemeralLane {
    return new EphemeralLane({
      gateway: name,
      members: room => this.#rooms[name].get(room) ?? [],
      inboxOf: user => `user:${user}`,
      holders: room => (this.#rooms[other].has(room) ? [other] : []),
      watchersOf: user => (user === 'bob' ? [other] : []),
      heard: event => void this.heard.push([name, event]),
      bus: this.net.bus(),
      codecs: { json: jsonCodec, protobuf: protobufCodec },
      metrics: this.metrics[name],
      after: this.clock.after,
    });
  }

  enter(gateway: 'a' | 'b', room: string, connection: Connection): Connection {
    const rooms = this.#rooms[gateway];
    rooms.set(room, [...(rooms.get(room) ?? []), connection.member]);
    return connection;
  }

  pass(): void {
    this.clock.pass(COLLECTED_MS);
    this.net.arrive();
  }

  async count(gateway: 'a' | 'b', name: string): Promise<Record<string, number>> {
    const metric = this.metrics[gateway].registry.getSingleMetric(`chatcluster_ephemeral_${name}_total`);
    const { values } = (await metric?.get()) ?? { values: [] };
    return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join() || 'all', value]));
  }
}

test('an event of a room reaches its subscribers on all gateways, without an offset, but not the users left out', async () => {
  const scene = new Scene();
  const alice = scene.enter('a', ROOM, new Connection('alice'));
  const bob = scene.enter('a', ROOM, new Connection('bob'));
  const carol = scene.enter('b', ROOM, new Connection('carol'));
  const elsewhere = scene.enter('b', 'group:coffee', new Connection('dan'));
  const phone = scene.enter('b', ROOM, new Connection('alice'));
  const binary = scene.enter('b', ROOM, new Connection('eve', 'protobuf'));
  scene.a.room(ROOM, { type: 'typing', user: 'alice', on: true }, ['alice']);
  const frame =
    '{"push":{"channel":"group:tea","pub":{"data":{"type":"typing","user":"alice","on":true},"tags":{"type":"typing"}}}}';
  assert.deepEqual(bob.frames, [frame]); // at once
  assert.deepEqual(carol.frames, []);
  scene.pass();
  assert.deepEqual(carol.frames, [frame]);
  assert.equal(binary.frames.length, 1);
  assert.ok(binary.frames[0] instanceof Uint8Array);
  for (const { frames } of [alice, phone, elsewhere]) assert.deepEqual(frames, []);
  assert.deepEqual(await scene.count('a', 'events'), { room: 1 });
  assert.deepEqual(await scene.count('b', 'events'), {});
  assert.deepEqual(
    [await scene.count('a', 'deliveries'), await scene.count('b', 'deliveries')],
    [{ all: 1 }, { all: 2 }],
  );
});

test('an event of a user reaches all connections of that user', () => {
  const scene = new Scene();
  const phone = scene.enter('a', 'user:bob', new Connection('bob'));
  const laptop = scene.enter('b', 'user:bob', new Connection('bob'));
  scene.b.user('bob', { type: 'note', n: 1 });
  scene.pass();
  for (const { frames } of [phone, laptop])
    assert.deepEqual(frames, ['{"push":{"message":{"data":{"type":"note","n":1}}}}']);
});

test('events for a gateway are one message in 50 ms, in their order; a gateway without subscribers gets none', () => {
  const scene = new Scene();
  scene.enter('a', 'group:own', new Connection('bob'));
  scene.a.room('group:own', { type: 'typing' });
  const carol = scene.enter('b', ROOM, new Connection('carol'));
  for (let n = 0; n < 100; n++) scene.a.room(ROOM, { type: 'n', n });
  scene.clock.pass(COLLECTED_MS - 1);
  assert.deepEqual(scene.net.sent, []);
  scene.clock.pass(1);
  assert.equal(scene.net.sent.length, 1);
  scene.net.arrive();
  const seen = carol.frames.map(frame => JSON.parse(String(frame)).push.pub.data.n as number);
  assert.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, n) => n),
  );
  scene.pass();
  assert.equal(scene.net.sent.length, 1);
});

test('a connection whose buffer is more than half taken gets nothing, and others do', async () => {
  const scene = new Scene();
  const slow = scene.enter('a', ROOM, new Connection('alice'));
  const bob = scene.enter('a', ROOM, new Connection('bob'));
  slow.full = true;
  scene.a.room(ROOM, { type: 'typing' });
  assert.deepEqual([slow.frames.length, bob.frames.length], [0, 1]);
  assert.deepEqual(await scene.count('a', 'dropped'), { slow: 1 });
});

test('a client in the background gets events of its user, none of rooms', async () => {
  const scene = new Scene();
  const hidden = new Connection('bob', 'json', true);
  for (const room of [ROOM, 'user:bob']) scene.enter('a', room, hidden);
  scene.a.room(ROOM, { type: 'typing' });
  scene.a.room(ROOM, { type: 'typing' }, ['bob']);
  scene.a.user('bob', { type: 'note' });
  assert.deepEqual(hidden.frames, ['{"push":{"message":{"data":{"type":"note"}}}}']);
  assert.deepEqual(await scene.count('a', 'dropped'), { background: 1 });
});

test('events beyond a full batch, and those while NATS is away, are lost and counted; later ones come', async () => {
  const scene = new Scene();
  const carol = scene.enter('b', ROOM, new Connection('carol'));
  scene.net.mostBytes = 300;
  for (let n = 0; n < 10; n++) scene.a.room(ROOM, { type: 'n', n });
  scene.pass();
  const { full = 0 } = await scene.count('a', 'dropped');
  assert.ok(full > 0 && carol.frames.length > 0);
  assert.equal(full + carol.frames.length, 10);
  scene.net.up = false;
  scene.a.room(ROOM, { type: 'lost' });
  scene.pass();
  scene.net.up = true;
  scene.a.room(ROOM, { type: 'late' });
  scene.pass();
  assert.match(String(carol.frames.at(-1)), /late/);
  assert.ok(!carol.frames.some(frame => String(frame).includes('lost')));
  assert.deepEqual(await scene.count('a', 'dropped'), { full, nats: 1 });
});

const CORPUS = [
  '{"events":[{"room":"group:tea","data":{"type":"typing","user":"alice","on":true},"except":["alice"]}]}',
  '{"events":[{"user":"bob","data":{"type":"note"}},{"room":"group:tea","data":{"type":"x"},"new":1}]}',
].map(text => Buffer.from(text));

fuzz('whatever gateways are sent, clients get whole frames, and a later event comes', [1, 2, 3], 30, async random => {
  const scene = new Scene();
  const bob = scene.enter('a', 'user:bob', new Connection('bob'));
  const tea = scene.enter('a', ROOM, new Connection('eve'));
  const stranger = scene.net.bus();
  const batch = random() < 0.3 ? anyJson(random) : null;
  stranger.send('a', batch === null ? Buffer.from(mutated(random, CORPUS)).toString() : String(JSON.stringify(batch)));
  scene.b.room(ROOM, { type: 'after' });
  scene.pass();
  for (const frame of [...bob.frames, ...tea.frames]) {
    assert.ok(!String(frame).includes('\n'));
    assert.ok(JSON.parse(String(frame)).push);
  }
  assert.match(String(tea.frames.at(-1)), /after/);
});

test('a state of a user goes to the gateways that watch the user, and what cannot be read is left out', async () => {
  const scene = new Scene();
  scene.a.state({ watched: 'bob', gateway: 'a', state: 'away', audience: 'friends' });
  scene.a.state({ watched: 'nobody-watches', gateway: 'a', state: 'active' });
  scene.pass();
  assert.deepEqual(scene.heard, [['b', { watched: 'bob', gateway: 'a', state: 'away', audience: 'friends' }]]);
  assert.deepEqual(readStateEvent('bob', { gateway: 'a', state: 'active', audience: 'later' }), {
    watched: 'bob',
    gateway: 'a',
    state: 'active',
  });
  assert.equal(readStateEvent('bob', { gateway: 'a', state: 'busy' }), null);
  const invisible = { watched: 'bob', gateway: 'a', state: 'active', audience: 'friends', invisible: true } as const;
  assert.deepEqual(readStateEvent('bob', invisible), invisible);
});
