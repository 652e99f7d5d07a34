import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import type { Items } from '../support/chat/folded-items.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const room = 'channel:hides';

/** Texts of the room as `message.list` answers them. */
const listed = async (client: Client) => {
  const { items } = (await client.rpc('message.list', { room })) as Items;
  return items.map(({ text }) => text);
};

const hide = (client: Client, target: number, of: string) =>
  client.rpc('message.delete', { room, id: nextId(), targets: [{ target, of }], scope: 'me' });

test('a message hidden on one gateway is missing on the other, for its user alone, also after the worker and the gateways were replaced', async t => {
  const cluster = await startCluster(t, backends);
  const connect = (gateway: 0 | 1, user: string) => openClient(t, cluster.gateways[gateway].url, { user });
  const phone = await connect(0, 'ann');
  const laptop = await connect(1, 'ann');
  const bob = await connect(1, 'bob');
  const send = async (text: string) => {
    const of = nextId();
    return [(await bob.send(room, text, of)).offset, of] as const;
  };
  const [one, two] = [await send('one'), await send('two')];
  await send('three');
  assert.deepEqual(await listed(laptop), ['one', 'two', 'three']);

  const lists = (client: Client, texts: readonly string[]) =>
    until(`${texts} are listed`, async () => (await listed(client)).join() === texts.join(), {
      state: () => listed(client),
    });
  await hide(phone, ...one);
  await lists(laptop, ['two', 'three']);
  await lists(phone, ['two', 'three']);
  assert.deepEqual(await listed(bob), ['one', 'two', 'three']);

  await cluster.stopWorker();
  await hide(phone, ...two);
  await lists(laptop, ['three']); // from the user's inbox alone
  await cluster.startWorker();
  await lists(laptop, ['three']);
  await lists(phone, ['three']);

  await cluster.restartGateways();
  assert.deepEqual(await listed(await connect(0, 'ann')), ['three']);
  assert.deepEqual(await listed(await connect(1, 'ann')), ['three']);
  assert.deepEqual(await listed(await connect(1, 'bob')), ['one', 'two', 'three']);
});
