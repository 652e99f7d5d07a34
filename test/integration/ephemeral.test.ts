import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PublicationContext } from 'centrifuge';
import { connectNats } from '../../server/bus/connect.ts';
import type { GatewayLoad } from '../../server/contract/load.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { metric } from '../../tools/support/metrics.ts';
import { BUILDS, type Client, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:hall';

/** Types as an application does, which does not wait for the answer: it fails while the worker has not prepared blocks. */
const type = (client: Client, room: string, on: boolean) =>
  client.rpc('typing.set', { room, on }).catch(() => undefined);

/** Types until `seen`: events may be lost, above all before the other gateway has told where its connections are. */
async function typeUntil(client: Client, room: string, seen: () => boolean): Promise<void> {
  await until('the typing is seen', async () => {
    await type(client, room, true);
    return seen();
  });
}

for (const build of BUILDS) {
  test(`${build}: events have no offset, move no position, and nothing is lost or repeated after a resume`, async t => {
    const { gateways } = await startCluster(t, backends);
    const alice = await openClient(t, gateways[0].url, { user: 'alice' });
    const bob = await openClient(t, gateways[1].url, { build, user: 'bob' });
    const subscription = await bob.subscribe(ROOM, { positioned: true, recoverable: true });
    const got: PublicationContext[] = [];
    const recovered: unknown[] = [];
    subscription.on('publication', publication => got.push(publication));
    subscription.on('subscribed', ({ recovered: is, streamPosition }) => recovered.push([is, streamPosition?.offset]));
    const events = () => got.filter(({ tags }) => tags?.['type'] === 'typing');
    const messages = () => got.filter(({ tags }) => tags?.['type'] === 'message').map(({ offset }) => offset);

    const one = await alice.send(ROOM, 'one');
    await until('one is here', () => messages().length === 1);
    await typeUntil(alice, ROOM, () => events().length > 0);
    const [event] = events();
    assert.deepEqual(bob.value(event?.data), { type: 'typing', user: 'alice', on: true });
    assert.ok(!event?.offset, `offset ${event?.offset}`);
    bob.sdk.disconnect();
    const two = await alice.send(ROOM, 'two');
    bob.sdk.connect();
    await until('two is here', () => messages().length === 2);
    assert.deepEqual(recovered, [[true, one.offset]]);
    const before = events().length;
    await typeUntil(alice, ROOM, () => events().length > before);
    const three = await alice.send(ROOM, 'three');
    await until('three is here', () => messages().length >= 3);
    assert.deepEqual(messages(), [one.offset, two.offset, three.offset]);
    // The position that the SDK holds is that of the last message.
    bob.sdk.disconnect();
    bob.sdk.connect();
    await until('bob is back', () => recovered.length === 2);
    assert.deepEqual([recovered[1], messages().length], [[true, three.offset], 3]);
  });

  test(`${build}: an event of a user comes to all connections of the user as a message of the protocol`, async t => {
    const { gateways } = await startCluster(t, backends, { env: { CHAT_INSTANCE: `user-${build}` } });
    const nats = await connectNats({ natsUrl: backends.nats.url, natsUser: '', natsPassword: '' }, 'test');
    t.after(() => nats.close());
    const got: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      const client = await openClient(t, gateways[0].url, { build, user: 'bob' });
      await client.connected();
      client.sdk.on('message', ({ data }) => got.push([i, client.value(data)]));
    }
    const other = await openClient(t, gateways[0].url, { build, user: 'alice' });
    await other.connected();
    other.sdk.on('message', ({ data }) => got.push(other.value(data)));
    // As another gateway sends it; the batch before it cannot be read.
    for (const batch of ['{', '{"events":[{"user":"bob","data":{"type":"note","text":"hi"}}]}'])
      nats.publish(`chat.user-${build}.ephemeral.of.gateway-0`, batch);
    await until('both connections have it', () => got.length >= 2);
    assert.deepEqual(
      got.toSorted(),
      [0, 1].map(i => [i, { type: 'note', text: 'hi' }]),
    );
    assert.equal(await metric(gateways[0].adminPort, 'chatcluster_ephemeral_deliveries_total'), 2);
  });
}

test('the end of typing is seen, the own connections of the user see neither, and a gateway without subscribers gets nothing', async t => {
  const { gateways } = await startCluster(t, backends, { env: { CHAT_INSTANCE: 'typing' } });
  const nats = await connectNats({ natsUrl: backends.nats.url, natsUser: '', natsPassword: '' }, 'test');
  t.after(() => nats.close());
  const sent: string[] = [];
  nats.subscribe('chat.typing.ephemeral.>', { callback: (_, message) => void sent.push(message.string()) });
  await nats.flush();
  const seen = new Map<string, unknown[]>();
  const open = async (name: string, gateway: 0 | 1) => {
    const client = await openClient(t, gateways[gateway].url, { user: name.split(' ')[0] ?? '' });
    const subscription = await client.subscribe(ROOM);
    const own: unknown[] = [];
    seen.set(name, own);
    subscription.on('publication', ({ data }) => own.push((data as { on: boolean }).on));
    return client;
  };
  const alice = await open('alice', 0);
  await open('alice again', 1);
  await open('bob', 1);
  const bob = () => seen.get('bob') ?? [];
  await typeUntil(alice, ROOM, () => bob().length > 0);
  await until('bob sees the end', async () => {
    for (const on of [true, false]) await type(alice, ROOM, on);
    return bob().at(-1) === false;
  });
  assert.deepEqual([seen.get('alice'), seen.get('alice again')], [[], []]);
  const batches = sent.length;
  assert.deepEqual(await alice.rpc('typing.set', { room: 'channel:nobody-else', on: true }), { shown: true });
  await until('a later event has come', async () => {
    await type(alice, ROOM, true);
    return sent.length > batches;
  });
  assert.ok(!sent.some(batch => batch.includes('nobody-else')));
});

test('a client in the background gets messages and no typing, and both when it is back', async t => {
  const { gateways } = await startCluster(t, backends);
  const alice = await openClient(t, gateways[0].url, { user: 'alice' });
  const open = async (user: string) => {
    const client = await openClient(t, gateways[1].url, { user });
    const subscription = await client.subscribe(ROOM);
    const types: string[] = [];
    subscription.on('publication', ({ tags }) => void types.push(tags?.['type'] ?? ''));
    return { client, types };
  };
  const bob = await open('bob');
  const carol = await open('carol');
  await bob.client.rpc('client.state', { state: 'background' });
  await typeUntil(alice, ROOM, () => carol.types.length > 0);
  await alice.send(ROOM, 'hello');
  await until('bob has the message', () => bob.types.length > 0);
  assert.deepEqual(bob.types, ['message']);
  await bob.client.rpc('client.state', { state: 'active' });
  await typeUntil(alice, ROOM, () => bob.types.includes('typing'));
});

test('an overloaded gateway leaves out typing, tells its operator, and delivers every message', async t => {
  const { gateways } = await startCluster(t, backends, { env: { CHAT_FEATURE_LAG_MS: '5' } });
  const [gateway] = gateways;
  const alice = await openClient(t, gateway.url, { user: 'alice' });
  const bob = await openClient(t, gateway.url, { user: 'bob' });
  const got: unknown[] = [];
  (await bob.subscribe(ROOM)).on('publication', ({ tags, data }) => {
    if (tags?.['type'] === 'message') got.push((data as { text: string }).text);
  });
  assert.equal(await metric(gateway.adminPort, 'chatcluster_features_left_out'), 0);
  // The gateway runs in this process: it is late because the test keeps its event loop busy.
  const busy = setInterval(() => {
    const end = performance.now() + 40;
    while (performance.now() < end);
  }, 50);
  t.after(() => clearInterval(busy));
  await until('the gateway leaves out typing', async () => {
    await alice.rpc('typing.set', { room: ROOM, on: false });
    await alice.rpc('typing.set', { room: ROOM, on: true });
    return (await metric(gateway.adminPort, 'chatcluster_overload_dropped_total', { feature: 'typing' })) > 0;
  });
  const load = (await (await fetch(`http://127.0.0.1:${gateway.adminPort}/load`)).json()) as GatewayLoad;
  assert.ok((load.featuresLeftOut ?? 0) > 0);
  assert.deepEqual(await alice.rpc('typing.set', { room: ROOM, on: true }), { shown: false });
  for (const text of ['one', 'two']) await alice.send(ROOM, text);
  await until('bob has both', () => got.length === 2);
  assert.deepEqual(got, ['one', 'two']);
});
