import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PresentMember } from '../../../../server/presence/gather.ts';
import { Joins } from '../../../../server/presence/joins.ts';
import type { Frame } from '../../../../server/protocol/codec.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { protobufCodec } from '../../../../server/protocol/protobuf.ts';
import type { Member } from '../../../../server/room/member.ts';
import { PresenceNet } from '../../../support/chat/memory-presence-bus.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'channel:hall';
const MINUTE_MS = 60_000;

/** A member that keeps what it is sent, as `+user` and `-user`. */
function watcher(client: string): Member & { readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    encoding: 'json',
    client,
    user: client,
    isBackground: false,
    subscribe: () => undefined,
    unsubscribe: () => undefined,
    send: frame => void heard.push(short(frame)),
    offer: () => false,
    congested: () => false,
    writable: () => Promise.resolve(),
    inSlot: read => read(),
    expelled: () => undefined,
    removed: () => undefined,
    alive: () => true,
    shown: () => undefined,
  };
}

function short(frame: Frame): string {
  const { push } = JSON.parse(String(frame)) as { push: Record<string, { info: { user: string } } | undefined> };
  return push['join'] ? `+${push['join'].info.user}` : `-${push['leave']?.info.user}`;
}

const person = (client: string) => ({ client, user: client });
const names = (count: number, prefix = 'user') => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** One gateway; who is in the room is what the test says. */
class Gateway {
  readonly joins: Joins;
  readonly bus: ReturnType<PresenceNet['bus']>;
  readonly present = new Map<string, PresentMember>();
  readonly asked: string[] = [];
  readonly changed: string[] = [];
  partial = false;
  limit: number;
  drops = () => false;
  /** Holds answers up until it is resolved. */
  hold: Promise<void> | null = null;

  constructor(name: string, net: PresenceNet, clock: ManualClock, limit = 10) {
    this.limit = limit;
    this.bus = net.bus();
    this.joins = new Joins({
      gateway: name,
      bus: this.bus,
      codecs: { json: jsonCodec, protobuf: protobufCodec },
      members: async (room, most) => {
        this.asked.push(room);
        const members = new Map(this.present);
        await this.hold;
        return {
          clients: members.size,
          hidden: 0,
          members: members.size > most ? null : members,
          partial: this.partial,
        };
      },
      changed: room => void this.changed.push(room),
      limit: () => this.limit,
      drops: () => this.drops(),
      now: () => clock.now(),
      after: clock.after,
    });
  }

  is(gateway: string, ...clients: string[]): void {
    for (const client of clients) this.present.set(client, { ...person(client), gateway });
  }
}

class Scene {
  readonly net = new PresenceNet();
  readonly clock = new ManualClock();
  readonly here: Gateway;
  readonly there: Gateway;
  readonly alice = watcher('alice');

  constructor(limit = 10) {
    this.here = new Gateway('here', this.net, this.clock, limit);
    this.there = new Gateway('there', this.net, this.clock, limit);
  }

  async pass(ms: number): Promise<void> {
    this.clock.pass(ms);
    await settle();
    this.here.joins.tick();
    await settle();
  }

  /** Alice has asked for joins and leaves, and who was there is known. */
  async watch(): Promise<void> {
    this.here.joins.watch(ROOM, this.alice);
    await this.pass(50);
  }

  async come(...clients: string[]): Promise<void> {
    for (const client of clients) {
      this.here.is('there', client);
      this.there.joins.entered(ROOM, person(client), 1);
    }
    await settle();
  }

  async go(...clients: string[]): Promise<void> {
    for (const client of clients) {
      this.here.present.delete(client);
      this.there.joins.left(ROOM, person(client), 1);
    }
    await settle();
  }
}

test('who watches a room is told who comes and goes on other gateways, once', async () => {
  const scene = new Scene();
  await scene.watch();
  await scene.come('bob', 'bob');
  scene.there.joins.entered('channel:other', person('carol'), 1);
  await scene.go('bob');
  assert.deepEqual(scene.alice.heard, ['+bob', '-bob']);
  assert.deepEqual(scene.here.changed, [ROOM, ROOM, ROOM]);
});

test('who stopped watching is told nothing more', async () => {
  const scene = new Scene();
  await scene.watch();
  scene.here.joins.unwatch(ROOM, scene.alice);
  await scene.come('bob');
  await scene.pass(MINUTE_MS);
  assert.deepEqual([scene.alice.heard, scene.here.asked], [[], [ROOM]]);
});

test('rooms that are watched at about the same time are asked for together, and once more a second later', async () => {
  const scene = new Scene();
  const rooms = names(100, 'channel:');
  for (const room of rooms) scene.here.joins.watch(room, scene.alice);
  await scene.pass(49);
  assert.deepEqual(scene.here.asked, []);
  await scene.pass(1);
  assert.deepEqual(scene.here.asked, rooms);
  await scene.pass(1_000);
  assert.deepEqual(scene.here.asked.slice(100), rooms);
});

test('when a gateway dies its members leave, those that came before the watcher too', async () => {
  const scene = new Scene();
  scene.here.is('there', 'early');
  scene.here.is('here', 'safe');
  await scene.watch();
  await scene.come('late');
  scene.here.joins.gatewayGone('there');
  assert.deepEqual(scene.alice.heard, ['+late', '-early', '-late']);
  scene.here.joins.gatewayGone('there');
  assert.equal(scene.alice.heard.length, 3);
});

test('whoever a watcher was answered is known to it: the leave is told, although no comparison has seen it', async () => {
  const scene = new Scene();
  scene.here.joins.watch(ROOM, scene.alice);
  scene.here.joins.seen(ROOM, new Map([['bob', { ...person('bob'), gateway: 'there' }]]));
  scene.here.partial = true; // 'there' is dead by now
  await scene.pass(50);
  scene.here.joins.gatewayGone('there');
  assert.deepEqual(scene.alice.heard, ['-bob']);
});

test('a watcher hears of its own coming, also when the answer of who is there is faster', async () => {
  const scene = new Scene();
  scene.here.is('here', 'alice');
  await scene.watch();
  scene.here.joins.entered(ROOM, person('alice'), 1);
  scene.here.joins.entered(ROOM, person('alice'), 1);
  await settle();
  assert.deepEqual(scene.alice.heard, ['+alice']);
});

test('above the limit nothing is told', async () => {
  const scene = new Scene(2);
  await scene.watch();
  await scene.come('a', 'b', 'c', 'd');
  await scene.go('a');
  scene.there.joins.entered(ROOM, person('e'), 3); // not even announced
  await settle();
  assert.deepEqual([scene.alice.heard, scene.here.changed.length], [['+a', '+b'], 5]);
});

test('after a peak joins and leaves start over, as often as there is one, and what was missed is told', async () => {
  const scene = new Scene(10);
  await scene.watch();
  await scene.come('bob', 'carol');
  for (let peak = 0; peak < 4; peak++) {
    const crowd = names(20, `peak${peak}-`);
    scene.alice.heard.length = 0;
    await scene.come(...crowd);
    assert.deepEqual(
      scene.alice.heard,
      crowd.slice(0, 8).map(user => `+${user}`),
    );
    for (const user of crowd.slice(0, 19)) scene.here.present.delete(user); // unannounced, as the room is large
    scene.alice.heard.length = 0;
    await scene.pass(10_000);
    const gone = crowd.slice(0, 8).map(user => `-${user}`);
    assert.deepEqual(scene.alice.heard, [...gone, `+${crowd[19]}`]);
    await scene.go(crowd[19] ?? '');
    assert.equal(scene.alice.heard.at(-1), `-${crowd[19]}`);
  }
});

test('a room that stays about as large as the limit stays quiet', async () => {
  const scene = new Scene(10);
  scene.here.is('there', ...names(11));
  await scene.watch();
  scene.here.present.delete('user0');
  scene.here.present.delete('user1'); // 9 are more than 80 % of 10
  await scene.pass(10_000);
  await scene.come('bob');
  assert.deepEqual(scene.alice.heard, []);
  scene.here.present.delete('bob');
  scene.here.present.delete('user2');
  await scene.pass(10_000);
  scene.alice.heard.length = 0;
  await scene.come('carol');
  assert.deepEqual(scene.alice.heard, ['+carol']);
});

test('a smaller limit holds from the next event on, and 0 switches joins and leaves off', async () => {
  const scene = new Scene(10);
  await scene.watch();
  await scene.come('bob');
  scene.here.limit = 0;
  await scene.come('carol');
  await scene.pass(MINUTE_MS);
  await scene.go('bob');
  assert.deepEqual(scene.alice.heard, ['+bob']);
});

test('what was lost is found within a minute, and told then', async () => {
  const scene = new Scene();
  await scene.watch();
  await scene.pass(1_000);
  await scene.come('bob');
  scene.here.present.delete('bob');
  scene.here.is('there', 'carol');
  await scene.pass(MINUTE_MS);
  assert.deepEqual(scene.alice.heard, ['+bob', '-bob', '+carol']);
});

test('after an outage of NATS what was missed is told at once', async () => {
  const scene = new Scene();
  await scene.watch();
  await scene.come('bob');
  await scene.pass(4_000);
  scene.here.present.delete('bob');
  scene.here.is('there', 'carol');
  scene.here.joins.resumed();
  await settle();
  assert.deepEqual(scene.alice.heard, ['+bob', '-bob', '+carol']);
});

test('an outage while a question is under way makes it asked again', async () => {
  const scene = new Scene();
  await scene.watch();
  let release = () => {};
  scene.here.hold = new Promise(resolve => {
    release = resolve;
  });
  await scene.pass(1_000);
  scene.here.is('there', 'carol');
  scene.here.joins.resumed();
  release();
  await settle();
  assert.deepEqual(scene.alice.heard, []);
  await scene.pass(0);
  assert.deepEqual(scene.alice.heard, ['+carol']);
});

test('a join that was just heard is newer than an answer of gateways that did not know whom to ask', async () => {
  const scene = new Scene();
  scene.here.joins.watch(ROOM, scene.alice);
  scene.there.joins.entered(ROOM, person('bob'), 1);
  await scene.pass(50);
  await scene.pass(1_000);
  assert.deepEqual(scene.alice.heard, ['+bob']);
  scene.here.is('there', 'carol');
  await scene.pass(5_000); // but not for long: who came and was never seen has left
  assert.deepEqual(scene.alice.heard, ['+bob', '-bob', '+carol']);
});

test('an answer that misses a gateway takes nobody away, and is asked for again soon', async () => {
  const scene = new Scene();
  await scene.watch();
  await scene.come('bob');
  scene.here.partial = true;
  scene.here.present.delete('bob');
  scene.here.is('here', 'dave');
  await scene.pass(1_000);
  assert.deepEqual(scene.alice.heard, ['+bob', '+dave']);
  scene.here.partial = false;
  await scene.pass(10_000);
  assert.deepEqual(scene.alice.heard, ['+bob', '+dave', '-bob']);
});

test('what is heard while a question is under way is newer than its answer', async () => {
  const scene = new Scene();
  scene.here.is('there', 'bob', 'erin');
  await scene.watch();
  let release = () => {};
  scene.here.hold = new Promise(resolve => {
    release = resolve;
  });
  await scene.pass(1_000);
  await scene.go('bob');
  await scene.come('carol');
  scene.here.joins.gatewayGone('nobody');
  release();
  await settle();
  assert.deepEqual(scene.alice.heard, ['-bob', '+carol']);
  scene.here.hold = null;
  await scene.pass(MINUTE_MS);
  assert.deepEqual(scene.alice.heard, ['-bob', '+carol']);
});

test('an event that is no good is as good as lost', async () => {
  const scene = new Scene();
  await scene.watch();
  const fine = { type: 'join', client: 'c', user: 'bob', gateway: 'there' };
  const bad = ['', '{', 'null', '{"type":"join"}', JSON.stringify({ ...fine, user: 1 }), '{"type":"x"}'];
  const forged = [JSON.stringify({ ...fine, user: '\ud800' }), JSON.stringify({ ...fine, client: '' })];
  for (const text of [...bad, ...forged]) scene.there.bus.announce(ROOM, text);
  await settle();
  assert.deepEqual([scene.alice.heard, scene.here.changed], [[], []]);
});

test('joins that an overloaded gateway leaves out are found by the next comparison', async () => {
  const scene = new Scene();
  await scene.watch();
  scene.there.drops = () => true;
  await scene.come('bob');
  assert.deepEqual(scene.alice.heard, []);
  await scene.pass(61_000);
  assert.deepEqual(scene.alice.heard, ['+bob']);
});
