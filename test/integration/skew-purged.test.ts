import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CLIENT_PATHS } from '../../server/contract/ports.ts';
import { loadConfig } from '../../server/settings/config.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { baseVersion } from '../skew/base-version.ts';
import { MixedChat, type Process } from '../skew/mixed-chat.ts';
import { inspect } from '../support/chat/inspect.ts';

const backends = await startBackends({ after });
const NEW = join(import.meta.dirname, '../..');
const BASE = await baseVersion();

const urlOf = ({ port }: Process) => `ws://127.0.0.1:${port}${CLIENT_PATHS.websocket}`;

interface Stored {
  readonly offset: number;
}

/** Acts of one user in one room. */
const actsOf = (client: Client, room: string) => ({
  act: (verb: string, params: object) => client.rpc(verb, { room, id: nextId(), ...params }) as Promise<Stored>,
  async send(text: string) {
    const of = nextId();
    return { target: (await client.send(room, text, of)).offset, of };
  },
});

/** Options with which workers purge what MongoDB has as soon as they may. One partition, so that LOG ends in the same place for all. */
const PURGED = {
  CHAT_PARTITIONS: '1',
  CHAT_DEDUPE_SECONDS: '10',
  CHAT_HOT_WINDOW_SECONDS: '0',
  CHAT_PURGE_SECONDS: '1',
};

test('changes that a worker of the version before stores and purges from LOG are applied by the next one of this version', async t => {
  const chat = new MixedChat(t, backends, PURGED);
  const firstWorker = await chat.worker(NEW, 'first-worker', 1); // makes the bucket of rooms
  const gateway = await chat.gateway(NEW, 'new-gateway');
  const ann = await openClient(t, urlOf(gateway), { user: 'ann' });
  const bob = await openClient(t, urlOf(gateway), { user: 'bob' });
  const made = await ann.rpc('room.create', { id: nextId(), kind: 'channel', name: 'Tea' });
  const { room } = made as { readonly room: string };
  await chat.stop(firstWorker);
  const oldWorker = await chat.worker(BASE, 'old-worker', 2);
  const { act, send } = actsOf(ann, room);
  const [first, second, third] = [await send('first'), await send('a secret'), await send('third')];
  await act('message.edit', { ...first, text: 'edited' });
  await act('message.edit', { ...second, text: 'another secret' });
  await act('message.react', { ...third, emoji: '👍', on: true });
  await act('message.delete', { targets: [second] });
  await act('room.add', { users: ['eve'] });
  await act('room.update', { name: 'Coffee' });
  const bobs = actsOf(bob, room);
  await bobs.act('room.join', {});
  const { offset: last } = await bobs.act('message.delete', { targets: [third], scope: 'me' });

  const { collection, firstOffset } = await inspect(t, loadConfig('standalone', chat.env));
  const all = () => collection('messages').find({ room }).sort({ offset: 1 }).toArray();
  await until('LOG is purged', async () => (await firstOffset(room)) > last, { ms: 60_000 });
  const entries = await all();
  assert.ok(
    entries
      .filter(({ type }) => type !== 'message')
      .slice(1)
      .every(({ targets, cv }) => !targets && !cv),
  );
  await chat.worker(NEW, 'new-worker', 3);
  await chat.stop(oldWorker);

  const views = async () => {
    const messages = (await all()).filter(({ type }) => type === 'message');
    const rooms = await collection('rooms').find().toArray();
    const members = await collection('members').find().sort({ user: 1 }).toArray();
    const hides = await collection('hides').find().toArray();
    return {
      texts: messages.map(({ text, deleted }) => (deleted === undefined ? (text ?? '') : 'deleted')),
      reactions: messages.flatMap(({ rx = [] }) => (rx as { readonly emoji: string }[]).map(({ emoji }) => emoji)),
      rooms: rooms.map(({ name, cv }) => [name, cv]),
      members: members.map(({ user, rank, state }) => `${user}: ${state}, ${rank}`),
      hides: hides.map(({ offset }) => offset),
    };
  };
  await until('the changes are applied', async () => (await views()).hides.length === 1, { state: views });
  assert.deepEqual(await views(), {
    texts: ['edited', 'deleted', ''],
    reactions: ['👍'],
    rooms: [['Coffee', 3]],
    members: ['ann: member, owner', 'bob: member, member', 'eve: member, member'],
    hides: [third.target],
  });
  assert.doesNotMatch(JSON.stringify(await all()), /secret/);
  const late = await openClient(t, urlOf(gateway), { user: 'zoe' });
  const { publications } = await late.sdk.history(room, { limit: 100 });
  assert.doesNotMatch(JSON.stringify(publications), /secret/);
});
