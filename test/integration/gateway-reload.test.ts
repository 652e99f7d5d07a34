import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { uuid7Source } from '../../client/uuid7.ts';
import { type NatsSettings, startNats } from '../../tools/local/nats.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { metric } from '../../tools/support/metrics.ts';
import { openClient } from '../../tools/support/sdk.ts';
import { SECRET, tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { loadOf } from '../support/chat/busy-gateway.ts';
import { startLink } from '../support/chat/link.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { settingsFiles } from '../support/chat/settings-files.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:reload';
const TEXT = 'x'.repeat(800);
const OTHER_SECRET = 'another-secret-for-tests-that-nobody-has';

const errorCode = (work: Promise<unknown>) =>
  work.then(
    () => 0,
    (error: { code?: number }) => error.code,
  );

test('limits, room kinds and the log level change under an open connection; a bad value is kept out and shown', async t => {
  const cluster = await startCluster(t, backends);
  const volume = await settingsFiles(t, {
    version: 'one',
    CHAT_MAX_MESSAGE_BYTES: '1000',
    CHAT_ROOM_KINDS: 'channel=Open,group=Open',
  });
  const gateway = await cluster.spawnGateway({ CHAT_LIVE_DIR: volume.path, CHAT_MAX_MESSAGE_BYTES: '100' });
  const inForce = (version: string) =>
    until(`version ${version} is in force`, async () => (await loadOf(gateway)).optionsVersion === version);
  const client = await openClient(t, gateway.url);
  const reconnects: number[] = [];
  await client.connected();
  client.sdk.on('connecting', ({ code }) => void reconnects.push(code));
  const group = await client.subscribe('group:a');
  await client.subscribe(ROOM);
  await client.send(ROOM, TEXT);
  await inForce('one');

  await volume.write({
    version: 'two',
    CHAT_MAX_MESSAGE_BYTES: '500',
    CHAT_ROOM_KINDS: 'channel=Open,group=Claim',
    CHAT_LOG_LEVEL: 'debug',
  });
  await inForce('two');
  assert.equal(await errorCode(client.send(ROOM, TEXT)), 107);
  await until('the room that takes a claim now is left', () => group.state === 'unsubscribed');
  await until('the log has become more detailed', () => gateway.process.output().includes('"level":20'));
  await client.send(ROOM, 'short');

  await volume.write({ version: 'three', CHAT_MAX_MESSAGE_BYTES: 'many', CHAT_MAX_SUBSCRIPTIONS: '1' });
  await until('the bad value is shown', async () => {
    return (await metric(gateway.adminPort, 'chatcluster_live_options_rejected')) === 1;
  });
  assert.match(
    gateway.process.output(),
    /CHAT_MAX_MESSAGE_BYTES must be an integer from 64 to 1048576, got \\"many\\"/,
  );
  assert.equal(await errorCode(client.send(ROOM, TEXT)), 107);
  const second = client.sdk.newSubscription('channel:second');
  const refused = new Promise(resolve => second.on('unsubscribed', ({ code }) => resolve(code)));
  second.subscribe();
  assert.equal(await refused, 106);
  const { optionsVersion, refused: said } = await loadOf(gateway);
  assert.equal(optionsVersion, 'two');
  assert.deepEqual(said, ['CHAT_MAX_MESSAGE_BYTES must be an integer from 64 to 1048576, got "many"']);

  await volume.write({ version: 'four' });
  await inForce('four');
  assert.equal(await errorCode(client.send(ROOM, TEXT)), 107); // the variable says 100
  assert.equal(await metric(gateway.adminPort, 'chatcluster_live_options_rejected'), 0);
  assert.ok(!('refused' in (await loadOf(gateway))));
  assert.deepEqual(reconnects, []);
});

test('rules of kinds change under an open connection; bad ones are kept out and named', async t => {
  const cluster = await startCluster(t, backends);
  const volume = await settingsFiles(t, { version: 'one', CHAT_ROOM_KINDS: 'channel=Open,team=Open' });
  const gateway = await cluster.spawnGateway({ CHAT_LIVE_DIR: volume.path });
  const inForce = (version: string) =>
    until(`version ${version} is in force`, async () => (await loadOf(gateway)).optionsVersion === version);
  const client = await openClient(t, gateway.url);
  const reconnects: number[] = [];
  await client.connected();
  client.sdk.on('connecting', ({ code }) => void reconnects.push(code));
  const team = await client.subscribe('team:a');
  await client.send(ROOM, TEXT);

  const rules = { channel: { limits: { textCharacters: 100 } }, team: { access: 'Members' } };
  await volume.write({
    version: 'two',
    CHAT_ROOM_KINDS: 'channel=Open,team=Open',
    CHAT_ROOM_RULES: JSON.stringify(rules),
  });
  await inForce('two');
  assert.equal(await errorCode(client.send(ROOM, TEXT)), 107);
  await client.send(ROOM, 'short');
  await until('the room that is for members now is left', () => team.state === 'unsubscribed');

  const bad = JSON.stringify({ channel: { maxMembers: 5, limits: { textCharacters: 1_000 } } });
  await volume.write({ version: 'three', CHAT_ROOM_RULES: bad });
  await until('the bad rules are shown', async () => {
    return (await metric(gateway.adminPort, 'chatcluster_live_options_rejected')) === 1;
  });
  assert.equal(await errorCode(client.send(ROOM, TEXT)), 107); // those before stay in force
  const { optionsVersion, refused } = await loadOf(gateway);
  assert.deepEqual(
    [optionsVersion, refused],
    ['two', ['CHAT_ROOM_RULES: channel.maxMembers must be 0 with access Open: users read without joining']],
  );

  await volume.write({ version: 'four' });
  await inForce('four');
  await client.send(ROOM, TEXT);
  assert.deepEqual(reconnects, []);
});

test('a new signing secret logs nobody out: the one before counts until its grace is over', async t => {
  const cluster = await startCluster(t, backends);
  const volume = await settingsFiles(t, { CHAT_AUTH_SECRET: SECRET });
  const gateway = await cluster.spawnGateway({ CHAT_LIVE_DIR: volume.path, CHAT_AUTH_SECRET: OTHER_SECRET });
  const signsIn = async (secret: string) => {
    const client = await openClient(t, gateway.url, { sdk: { token: await tokenFor('alice', {}, secret) } });
    await until('an answer to the sign-in', () => client.sdk.state !== 'connecting');
    return { client, accepted: client.sdk.state === 'connected' };
  };
  const { client: open, accepted } = await signsIn(SECRET);
  assert.deepEqual([accepted, (await signsIn(OTHER_SECRET)).accepted], [true, false]);

  await volume.write({ CHAT_AUTH_SECRET: OTHER_SECRET });
  await until('the new secret counts', async () => (await signsIn(OTHER_SECRET)).accepted);
  assert.ok((await signsIn(SECRET)).accepted);
  assert.equal(await metric(gateway.adminPort, 'chatcluster_tokens_replaced_secret_total'), 1);

  await volume.write({ CHAT_AUTH_SECRET: OTHER_SECRET, CHAT_AUTH_SECRET_GRACE_SECONDS: '0', version: 'strict' });
  await until('the grace is over', async () => (await loadOf(gateway)).optionsVersion === 'strict');
  assert.ok(!(await signsIn(SECRET)).accepted);
  await open.send(ROOM, 'who is signed in stays');
  assert.doesNotMatch(gateway.process.output(), /secret-for-tests/);
});

test('new credentials of NATS are used for the next connection', async t => {
  const credentials: { -readonly [K in keyof NatsSettings]: NatsSettings[K] } = { user: 'chat', password: 'first' };
  const nats = await startNats(credentials);
  t.after(() => nats.close());
  const own = { CHAT_NATS_URL: nats.url, CHAT_NATS_USER: 'chat', CHAT_NATS_PASSWORD: 'first' };
  const cluster = await startCluster(t, backends, { env: own });
  const volume = await settingsFiles(t, { CHAT_NATS_USER: 'chat', CHAT_NATS_PASSWORD: 'first' });
  const gateway = await cluster.spawnGateway({ CHAT_LIVE_DIR: volume.path });
  const client = await openClient(t, gateway.url);
  await client.send(ROOM, 'before');
  await volume.write({ CHAT_NATS_USER: 'chat', CHAT_NATS_PASSWORD: 'second', version: 'second' });
  await until('the gateway has read it', async () => (await loadOf(gateway)).optionsVersion === 'second');
  await client.send(ROOM, 'on the old connection');
  credentials.password = 'second';
  await nats.stop();
  await nats.start();
  await until('messages are taken', async () => (await errorCode(client.send(ROOM, 'after'))) === 0);
});

test('a new connection string of MongoDB is used once it works, and until then the one before', async t => {
  if (!backends.mongo.controllable) return t.skip('MONGODB_URI may name more than one server');
  const port = Number(new URL(backends.mongo.uri).port);
  const cluster = await startCluster(t, backends);
  const [before, since] = [await startLink(t, port), await startLink(t, null)];
  const through = ({ url }: { readonly url: string }) =>
    `mongodb://127.0.0.1:${new URL(url).port}/?directConnection=true`;
  const volume = await settingsFiles(t, { CHAT_MONGODB_URI: through(before) });
  const gateway = await cluster.spawnGateway({ CHAT_LIVE_DIR: volume.path, CHAT_LOG_LEVEL: 'info' });
  const client = await openClient(t, gateway.url);
  /** MongoDB has to be asked whether it knows the id of a message from long ago. */
  const asks = () =>
    errorCode(
      client.send(
        ROOM,
        'x',
        uuid7Source(
          () => 1_000_000,
          length => new Uint8Array(length),
        )(),
      ),
    );
  assert.equal(await asks(), 0);
  await volume.write({ CHAT_MONGODB_URI: through(since) });
  await until('it does not work', () => gateway.process.output().includes('does not work yet'));
  assert.equal(await asks(), 0);
  since.target(port);
  await until('it works', () => gateway.process.output().includes('connection string of MongoDB is in use'));
  before.target(null);
  before.cut();
  assert.equal(await asks(), 0);
  assert.doesNotMatch(gateway.process.output(), /mongodb:\/\//);
});
