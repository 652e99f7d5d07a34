import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, test } from 'node:test';
import { connectNats } from '../../server/bus/connect.ts';
import { EPOCH_KEY, type WithMetadata } from '../../server/bus/epoch.ts';
import { apiRequest } from '../../server/bus/jetstream-api.ts';
import { names as namesOf, partitionOf } from '../../server/bus/names.ts';
import { loadConfig } from '../../server/settings/config.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { SECRET } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';
import { SyncedList } from '../support/chat/synced-list.ts';

const ROOMS = 400;
const EVENTS = 5_000;
const PARTITIONS = 4;
/** Rooms of a page: a tenth of what fits into ten pages, as 250 are of 2,000 rooms. */
const PAGE = 50;
const INSTANCE = `sync-${process.pid}`;

/** Proxy in front of a MongoDB that lists the reads of clients, as `command collection`. */
async function listeningProxy(uri: string) {
  const { port } = new URL(uri);
  const reads: string[] = [];
  const proxy = createServer(client => {
    const server = connect(Number(port), '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
    client.on('data', data => {
      // A command begins with its name, and the collection as a text of BSON.
      for (const [, command, collection] of data.toString('latin1').matchAll(/(find|aggregate|count)\0.{4}(\w+)\0/gs))
        reads.push(`${command} ${collection}`);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  after(() => void proxy.close());
  return { uri: uri.replace(port, String((proxy.address() as AddressInfo).port)), reads };
}

test(`a user of ${ROOMS} rooms who missed ${EVENTS} events catches up within ten pages, and one partition comes whole`, async t => {
  const backends = await startBackends({ after });
  const env = { CHAT_INSTANCE: INSTANCE, CHAT_PARTITIONS: String(PARTITIONS) };
  const cluster = await startCluster({ after }, backends, { env });
  const proxy = await listeningProxy(backends.mongo.uri);
  const gateway = await cluster.spawnGateway({ CHAT_MONGODB_URI: proxy.uri });
  const sdk = { timeout: 60_000 }; // on a busy machine a page of many rooms takes its time
  const ann = await person(t, gateway.url, 'ann', { sdk });
  const bob = await person(t, cluster.gateways[0].url, 'bob', { sdk });
  const rooms: string[] = [];
  while (rooms.length < ROOMS) {
    const made = Array.from({ length: 20 }, () =>
      bob.act('room.create', { kind: 'group', name: 'Tea', members: ['ann'] }),
    );
    rooms.push(...(await Promise.all(made)).map(({ room }) => room));
  }
  const list = new SyncedList();
  const sync = () => list.sync(async params => await ann.act('sync', params), PAGE);
  await sync();
  assert.deepEqual([list.rooms.size, list.pages.length <= 10], [ROOMS, true]);
  await until('workers have the last room', () => cluster.isNoted(rooms.at(-1) ?? ''));
  await cluster.stopWorker(); // and lag from here on

  const missed = rooms.slice(0, ROOMS - 40);
  const tops = new Map<string, number>();
  for (let sent = 0; sent < EVENTS; sent += 500)
    await Promise.all(
      Array.from({ length: 500 }, async (_, i) => {
        const room = missed[(sent + i) % missed.length] ?? '';
        tops.set(room, Math.max(tops.get(room) ?? 0, await cluster.publishSeen(room, 'bob', 0)));
      }),
    );
  proxy.reads.length = 0;
  await sync();
  assert.ok(list.pages.length <= 10, `${list.pages.length} pages`);
  assert.deepEqual(list.came.toSorted(), missed.toSorted());
  assert.deepEqual(
    missed.map(room => list.rooms.get(room)?.last?.offset),
    missed.map(room => tops.get(room)),
  );
  assert.deepEqual(
    list.pages.flatMap(({ reset, left, marks }) => [...reset, ...left, ...marks]),
    [],
  );
  const ofMarks = proxy.reads.filter(read => read.endsWith(' marks'));
  assert.deepEqual(ofMarks, []);
  assert.notEqual(proxy.reads.length, 0, 'the proxy sees names and hides being read');
  assert.ok(proxy.reads.length <= 10 * list.pages.length, `reads do not grow with rooms: ${proxy.reads}`);
  await sync();
  assert.deepEqual([list.came, list.pages.length], [[], 1]);

  const config = loadConfig('standalone', {
    ...env,
    CHAT_NATS_URL: backends.nats.url,
    CHAT_MONGODB_URI: backends.mongo.uri,
    CHAT_AUTH_SECRET: SECRET,
  });
  const nats = await connectNats(config, 'test');
  t.after(() => nats.close());
  const stream = namesOf(INSTANCE).logStream(2);
  const info = await apiRequest<WithMetadata>(nats, `STREAM.INFO.${stream}`, {}, 5_000);
  assert.ok('ok' in info);
  const changed = { ...info.ok.config, metadata: { ...info.ok.config.metadata, [EPOCH_KEY]: 'another' } };
  const answer = await apiRequest(nats, `STREAM.UPDATE.${stream}`, changed, 5_000);
  assert.ok('ok' in answer, JSON.stringify(answer));
  await sync();
  assert.deepEqual(
    list.pages.flatMap(({ reset }) => reset),
    [2],
  );
  assert.deepEqual(list.came.toSorted(), rooms.filter(room => partitionOf(room, PARTITIONS) === 2).toSorted());
  assert.deepEqual([...list.rooms.keys()].toSorted(), rooms.toSorted());
});
