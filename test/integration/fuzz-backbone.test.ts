import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { names as namesOf } from '../../server/bus/names.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { pick, seeded } from '../../tools/support/random.ts';
import { BUILDS, openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { rawNats } from '../support/chat/raw-nats.ts';
import { mutated } from '../support/fuzz/fuzz.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:a';
const MESSAGES = 150;
const bytes = (texts: readonly string[]) => texts.map(text => Buffer.from(text));
const BLOCKS = bytes([
  'NATS/1.0\r\nChat-V: 1\r\nChat-Type: message\r\nChat-User: alice\r\nChat-Time: 1\r\n\r\n',
  'NATS/1.0\r\nNats-Sequence: 5\r\nNats-Last-Sequence: 4\r\nNats-Subject: a.b\r\n\r\n',
  'NATS/1.0 404 No Messages\r\n\r\n',
]);
const BODIES = bytes([
  '{"type":"message","id":"1","text":"x"}',
  '1}\n{"push":{}}',
  '{"gateway":"g","leaving":true}',
  'null',
]);
const failures: unknown[] = [];
process.on('unhandledRejection', error => failures.push(error));
process.on('uncaughtException', error => failures.push(error));

for (const seed of [1, Math.floor(Math.random() * 2 ** 31)])
  test(`whatever other clients of NATS publish, readers get what was sent and all of it is stored, seed ${seed}`, async t => {
    const random = seeded(seed);
    const instance = `fuzz-${seed}`;
    const cluster = await startCluster(t, backends, { env: { CHAT_INSTANCE: instance, CHAT_PARTITIONS: '1' } });
    const names = namesOf(instance);
    const raw = await rawNats(t, backends.nats.port);
    const delivery = new Delivery();
    for (const [index, gateway] of cluster.gateways.entries()) {
      const reader = await openClient(t, gateway.url, { build: BUILDS[index] ?? 'json', user: `reader-${index}` });
      await record(reader, `reader-${index}`, ROOM, delivery);
    }
    const alice = await openClient(t, cluster.gateways[0].url);
    const subjects = [
      names.log(0, 'channel:b'),
      names.logSubjects(0).replace('*', '%E0%A4%A'),
      names.live(0, ROOM),
      names.presenceAsk,
      names.gatewayBeat,
      names.joins(ROOM),
    ];
    // Whoever may publish as LIVE can take the place of a message to come: the sequences in BLOCKS are to be in the past.
    for (let sent = 0; sent < 5; sent++) await sendSurely(alice, ROOM, 'x', delivery);
    for (let sent = 0; sent < MESSAGES; sent++) {
      const block = random() < 0.7 ? mutated(random, BLOCKS) : Buffer.alloc(0);
      const headers = block.length === 0 ? '' : Buffer.from(block).toString('latin1');
      await raw.publish(pick(random, subjects), Buffer.from(headers, 'latin1'), mutated(random, BODIES));
      if (sent % 10 === 0) await sendSurely(alice, ROOM, 'x', delivery);
    }
    await sendSurely(alice, ROOM, 'last', delivery);
    await until('everyone has everything', () => delivery.complete(), { state: () => delivery.state() });
    assert.deepEqual(delivery.verdict(), FLAWLESS);
    const last = await cluster.lastOffset(ROOM);
    const kept = async () => (await cluster.storedCount()) + (await cluster.rejectedCount());
    await until('all is stored or set aside', async () => (await kept()) === last, { state: () => last });
    assert.deepEqual(failures, []);
  });

test('whatever comes over TCP, the listener goes on', async t => {
  const cluster = await startCluster(t, backends);
  const { port, readyUrl, url } = cluster.gateways[0];
  const random = seeded(7);
  const requests = bytes([
    'GET /connection/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    'POST /dev/token HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\n{"user":"alice"}',
    'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n',
  ]);
  for (let sent = 0; sent < 200; sent++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.end(mutated(random, requests));
    if (sent % 4 === 0) socket.destroy();
  }
  assert.equal((await fetch(readyUrl)).status, 200);
  await (await openClient(t, url)).connected();
  assert.deepEqual(failures, []);
});
