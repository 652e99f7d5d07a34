import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { kickAmidMessages, livelyGroup } from '../support/chat/group-story.ts';
import { person, personOf } from '../support/chat/person.ts';
import { clientOn, placedClient } from '../support/chat/placed-client.ts';
import { kubeChat } from '../support/kube/kube-chat.ts';
import { ownChat } from '../support/kube/own-chat.ts';

const kube = await kubeChat({ after });

test('a group on two gateways: roles, changed messages, and a kick while messages flow', {
  skip: kube.unbalanced,
}, async t => {
  const first = await placedClient(t, kube.url, { user: 'owner', build: 'json' });
  const on = async (user: string, here: boolean, build: 'json' | 'protobuf') =>
    personOf(await clientOn(t, kube.url, { user, build }, gateway => (gateway === first.gateway()) === here), user);
  const cast = {
    owner: personOf(first, 'owner'),
    moderator: await on('moderator', false, 'protobuf'),
    member: await on('member', false, 'json'),
    leaver: [await on('leaver', true, 'protobuf'), await on('leaver', false, 'json')],
  } as const;
  await kickAmidMessages(cast, await livelyGroup(cast));
});

test('kinds of rooms come from the manifest: who makes and writes in them, how many are in them, and how long texts are', async t => {
  const manifest = parse(readFileSync(join(import.meta.dirname, '../../docs/examples/rooms.yaml'), 'utf8')) as {
    readonly spec: { readonly rooms: object };
  };
  const chat = await ownChat(t, kube, 'rooms', { rooms: manifest.spec.rooms });
  const ann = await person(t, chat.url, 'ann');
  const bob = await person(t, chat.url, 'bob');

  // Channels are read by all, and written by staff alone.
  const { room: news } = await ann.act('room.create', { kind: 'channel' });
  await bob.subscribe(news);
  assert.equal(await ann.code('message.send', { room: news, text: 'hello' }), 0);
  assert.equal(await bob.code('message.send', { room: news, text: 'hello' }), 103);
  assert.equal(await bob.code('message.send', { room: 'channel:nobodys', text: 'hello' }), 103);
  assert.equal(await ann.code('room.create', { kind: 'dm' }), 103);

  // Committees are asked for, and their staff decides.
  const { room: committee } = await ann.act('room.create', { kind: 'committee' });
  await bob.act('room.request', { room: committee });
  assert.equal(await bob.code('message.list', { room: committee }), 103);
  await ann.act('room.approve', { room: committee, user: 'bob' });
  assert.equal(await bob.code('message.list', { room: committee }), 0);

  const crowd = Array.from({ length: 50 }, (_, at) => `user-${at}`);
  assert.equal(await ann.code('room.create', { kind: 'group', members: crowd }), 106);
  const { room } = await ann.act('room.create', { kind: 'group', members: ['bob', ...crowd.slice(0, 48)] });
  assert.equal(await ann.code('room.add', { room, users: ['one-more'] }), 106);
  assert.equal(await bob.code('message.send', { room, text: 'x'.repeat(2_001) }), 107);
  assert.equal(await bob.code('message.send', { room, text: 'x'.repeat(2_000) }), 0);
  await assert.rejects(bob.publish(room, { text: 'bare' }), { code: 108 });
});
