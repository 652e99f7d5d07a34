import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import WebSocket from 'ws';
import { startBackends } from '../../tools/support/backends.ts';
import { metric } from '../../tools/support/metrics.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { openFrames } from '../support/chat/frames.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:large';
const MESSAGES = 40;

test('a client that asks for everything and reads nothing is sent little, and its socket counts until it has read', async t => {
  const cluster = await startCluster(t, backends, { env: { CHAT_MAX_CONNECTIONS: '1' } });
  const [gateway, other] = cluster.gateways;
  const writer = await openFrames(t, other.url);
  writer.send(JSON.stringify({ id: 1, connect: { token: await tokenFor('writer') } }));
  await writer.reply(1);
  for (let id = 2; id < MESSAGES + 2; id++) {
    writer.send(JSON.stringify({ id, publish: { channel: ROOM, data: { text: 'x'.repeat(30_000) } } }));
    await writer.reply(id);
  }

  const greedy = new WebSocket(gateway.url);
  t.after(() => greedy.terminate());
  const heard: string[] = [];
  greedy.on('message', data => void heard.push(String(data)));
  await once(greedy, 'open');
  greedy.send(JSON.stringify({ id: 1, connect: { token: await tokenFor('greedy') } }));
  await until('it is signed in', () => heard.length === 1);
  greedy.pause();
  for (let id = 2; id < 52; id++) greedy.send(JSON.stringify({ id, history: { channel: ROOM, limit: -1 } }));
  const value = (name: string) => metric(gateway.adminPort, `chatcluster_${name}`);
  await until('the first page is on its way', async () => (await value('send_buffer_bytes')) > 256 * 1024);
  await until('no page is read for it', async () => (await value('pages_reading')) === 0);
  assert.ok((await value('send_buffer_bytes')) < 1024 * 1024);

  greedy.send('no protocol'); // closes with 3501
  await until('it is closed', async () => (await value('connections')) === 0);
  assert.equal(await value('closing_sockets'), 1);
  const refused = new WebSocket(gateway.url);
  const [error] = (await once(refused, 'error')) as [Error];
  assert.match(error.message, /503/);

  const closed = once(greedy, 'close');
  greedy.resume();
  assert.equal((await closed)[0], 3501);
  await until('nothing is held for it', async () => (await value('send_buffer_bytes')) === 0);
  assert.equal(await value('closing_sockets'), 0);
  const next = await openFrames(t, gateway.url);
  next.send(JSON.stringify({ id: 1, connect: { token: await tokenFor('next') } }));
  await next.reply(1);
});
