import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { names as namesOf } from '../../server/bus/names.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { type Cluster, startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:erased';

let instances = 0;

/** A chat of one partition whose window of deduplication has so many seconds. */
async function chatWith(t: TestContext, seconds: number) {
  const instance = `erased-${process.pid}-${instances++}`;
  const env = { CHAT_INSTANCE: instance, CHAT_PARTITIONS: '1', CHAT_DEDUPE_SECONDS: String(seconds) };
  return { cluster: await startCluster(t, backends, { env }), names: namesOf(instance) };
}

/** Sends a text, edits and deletes it. @returns the message, and the id of the edit */
async function secret(client: Client) {
  const of = nextId();
  const sent = await client.send(ROOM, 'a secret', of);
  const target = { target: sent.offset, of };
  const edited = nextId();
  await client.rpc('message.edit', { room: ROOM, id: edited, ...target, text: 'a secret, edited' });
  await client.rpc('message.delete', { room: ROOM, id: nextId(), targets: [target] });
  return { of, sent, target, edited };
}

const stub = async (cluster: Cluster, offset: number) =>
  await until(
    'MongoDB has the stub',
    async () => (await cluster.collection('messages').findOne({ room: ROOM, offset }))?.['deleted'] !== undefined,
  );

/** Texts of a stream. */
async function textsIn(t: TestContext, stream: string): Promise<string> {
  const connection = await connect({ servers: backends.nats.url });
  t.after(() => connection.close());
  const jsm = await jetstreamManager(connection);
  const { first_seq, last_seq } = (await jsm.streams.info(stream)).state;
  const found: string[] = [];
  for (let seq = first_seq; seq <= last_seq; seq++)
    found.push((await jsm.streams.getMessage(stream, { seq }).catch(() => null))?.string() ?? '');
  await connection.close();
  return found.join('\n');
}

async function everything(client: Client): Promise<string> {
  const history = await client.sdk.history(ROOM, { limit: 100 });
  const list = await client.rpc('message.list', { room: ROOM });
  return JSON.stringify([history.publications.map(({ data }) => client.value(data)), list]);
}

test('a deleted message whose send comes again after a restart of NATS is not stored again', async t => {
  const { cluster, names } = await chatWith(t, 120);
  const alice = await openClient(t, cluster.gateways[0].url);
  const elsewhere = await openClient(t, cluster.gateways[1].url);
  const { of, sent, target, edited } = await secret(alice);
  await stub(cluster, sent.offset);
  await until('it is listed', async () => (await cluster.collection('erasures').countDocuments()) === 2);
  await backends.nats.kill();
  await backends.nats.start();
  const answer = await until('the send is answered', () => elsewhere.send(ROOM, 'a secret', of).catch(() => null));
  assert.deepEqual(answer, { ...sent, duplicate: true });
  const again = { room: ROOM, id: edited, ...target, text: 'a secret, edited' };
  const repeated = (await elsewhere.rpc('message.edit', again)) as { readonly duplicate: boolean };
  assert.equal(repeated.duplicate, true);
  assert.equal(await cluster.lastOffset(ROOM), sent.offset + 2);
  for (const client of [alice, elsewhere]) assert.doesNotMatch(await everything(client), /secret/);
  assert.match(await textsIn(t, names.logStream(0)), /secret/, 'the id is kept by its entry');
});

test('when its id is forgotten a deleted text is erased, and the send is found in MongoDB', async t => {
  const { cluster, names } = await chatWith(t, 10);
  const alice = await openClient(t, cluster.gateways[0].url);
  const { of, sent } = await secret(alice);
  await stub(cluster, sent.offset);
  const [log, live] = [names.logStream(0), names.liveStream(0)];
  for (const stream of [log, live])
    await until('it is erased', async () => !(await textsIn(t, stream)).includes('secret'));
  await until('nothing is listed', async () => (await cluster.collection('erasures').countDocuments()) === 0);
  assert.deepEqual(await alice.send(ROOM, 'a secret', of), { ...sent, duplicate: true });
  assert.equal(await cluster.lastOffset(ROOM), sent.offset + 2);
  assert.doesNotMatch(await everything(alice), /secret/);
});
