import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CLIENT_PATHS } from '../../server/contract/ports.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { baseVersion } from '../skew/base-version.ts';
import { MixedChat } from '../skew/mixed-chat.ts';

const backends = await startBackends({ after });
const NEW = join(import.meta.dirname, '../..');
const BASE = await baseVersion();
const ROOM = 'channel:hall';

test('beside a gateway of the version before, events reach the clients of the others, and its own clients get all messages', async t => {
  const chat = new MixedChat(t, backends);
  await chat.worker(NEW, 'worker', 1);
  const gateways = {
    old: await chat.gateway(BASE, 'old-gateway'),
    first: await chat.gateway(NEW, 'first-gateway'),
    second: await chat.gateway(NEW, 'second-gateway'),
  };
  const open = async (user: string, at: keyof typeof gateways) => {
    const client = await openClient(t, `ws://127.0.0.1:${gateways[at].port}${CLIENT_PATHS.websocket}`, { user });
    const types: string[] = [];
    const subscription = await client.subscribe(ROOM, { positioned: true, recoverable: true });
    subscription.on('publication', ({ data }) => void types.push((data as { type: string }).type));
    return { client, types };
  };
  const alice = await open('alice', 'first');
  const bob = await open('bob', 'second');
  const carol = await open('carol', 'old');
  await until('bob sees alice type', async () => {
    await alice.client.rpc('typing.set', { room: ROOM, on: true }).catch(() => undefined);
    return bob.types.includes('typing');
  });
  await alice.client.send(ROOM, 'hello');
  await until('all have the message', () => [bob, carol].every(({ types }) => types.includes('message')));
  await assert.rejects(carol.client.rpc('typing.set', { room: ROOM, on: true }), { code: 104 });
  assert.deepEqual(carol.types, ['message']);
  chat.assertRunning();
});
