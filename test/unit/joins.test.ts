import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Joins } from '../../server/presence/joins.ts';
import type { PresentMember } from '../../server/presence/presence.ts';
import type { Frame } from '../../server/protocol/codec.ts';
import { jsonCodec } from '../../server/protocol/json.ts';
import { protobufCodec } from '../../server/protocol/protobuf.ts';
import type { Member } from '../../server/room/member.ts';
import { PresenceNet } from '../support/memory-presence-bus.ts';

const ROOM = 'channel:hall';
const nextTurn = () => new Promise<void>(resolve => setImmediate(resolve));

/** A member that keeps what it is sent. */
function watcher(client: string): Member & { readonly frames: Frame[] } {
  const frames: Frame[] = [];
  return {
    frames,
    encoding: 'json',
    client,
    user: client,
    subscribe: () => undefined,
    unsubscribe: () => undefined,
    send: frame => void frames.push(frame),
    congested: () => false,
    writable: () => Promise.resolve(),
    inTurn: read => read(),
    expelled: () => undefined,
    alive: () => true,
  };
}

function gateway(net: PresenceNet, name: string, present: readonly PresentMember[] = [], limit = 10): Joins {
  const members = new Map(present.map(member => [member.client, member]));
  return new Joins({
    gateway: name,
    bus: net.bus(),
    codecs: { json: jsonCodec, protobuf: protobufCodec },
    members: async () => ({ members, partial: false }),
    limit: () => limit,
  });
}

const joined = (client: string) =>
  `{"push":{"channel":"${ROOM}","join":{"info":{"user":"${client}","client":"${client}"}}}}`;
const left = (client: string) => joined(client).replace('"join"', '"leave"');
const person = (client: string) => ({ client, user: client });

test('who watches a room is told who comes and goes on other gateways, once', async () => {
  const net = new PresenceNet();
  const [here, there] = [gateway(net, 'here'), gateway(net, 'there')];
  const alice = watcher('alice');
  here.watch(ROOM, alice);
  there.entered(ROOM, person('bob'), 1);
  there.entered(ROOM, person('bob'), 1);
  there.entered('channel:other', person('carol'), 1);
  there.left(ROOM, person('bob'), 0);
  await nextTurn();
  assert.deepEqual(alice.frames, [joined('bob'), left('bob')]);
});

test('who stopped watching is told nothing more', async () => {
  const net = new PresenceNet();
  const here = gateway(net, 'here');
  const alice = watcher('alice');
  here.watch(ROOM, alice);
  here.unwatch(ROOM, alice);
  here.entered(ROOM, person('bob'), 1);
  await nextTurn();
  assert.deepEqual(alice.frames, []);
});

test('when a gateway dies its members leave, those that came before the watcher too', async () => {
  const net = new PresenceNet();
  const here = gateway(net, 'here', [
    { ...person('early'), gateway: 'dead' },
    { ...person('safe'), gateway: 'here' },
  ]);
  const there = gateway(net, 'dead');
  const alice = watcher('alice');
  here.watch(ROOM, alice);
  there.entered(ROOM, person('late'), 2);
  await nextTurn();
  here.gatewayGone('dead');
  assert.deepEqual(alice.frames.slice(1).sort(), [left('early'), left('late')].sort());
  here.gatewayGone('dead');
  assert.equal(alice.frames.length, 3);
});

test('above the limit nobody is told, because each of many would be told of each', async () => {
  const net = new PresenceNet();
  const here = gateway(net, 'here', [], 2);
  const alice = watcher('alice');
  here.watch(ROOM, alice);
  for (const name of ['a', 'b', 'c', 'd']) here.entered(ROOM, person(name), 1);
  here.entered(ROOM, person('e'), 3);
  await nextTurn();
  assert.deepEqual(alice.frames, [joined('a'), joined('b')]);
});
