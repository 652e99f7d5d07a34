import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { OPTIONS, type Option, RELOADABLE_OPTIONS } from '../../../../server/contract/options.ts';
import { ConfigError } from '../../../../server/settings/config.ts';
import { SettingsSource } from '../../../../server/settings/source.ts';
import { SECRET } from '../../../../tools/support/token.ts';
import { settingsFiles } from '../../../support/chat/settings-files.ts';

const ENV = {
  CHAT_INSTANCE: 'test',
  CHAT_NATS_URL: 'nats://none',
  CHAT_MONGODB_URI: 'mongodb://none',
  CHAT_AUTH_SECRET: SECRET,
  CHAT_MAX_MESSAGE_BYTES: '1000',
};

async function open(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
) {
  const volume = await settingsFiles(t, files);
  return { volume, source: await SettingsSource.open('gateway', { ...ENV, CHAT_LIVE_DIR: volume.path, ...env }) };
}

test('a file wins over its variable at the start, and without it the variable counts again', async t => {
  const { volume, source } = await open(t, { CHAT_MAX_MESSAGE_BYTES: '2000', version: 'v1' });
  const { config } = source;
  assert.deepEqual([config.maxMessageBytes, source.version], [2_000, 'v1']);
  assert.equal(await source.poll(), null);
  await volume.write({ version: 'v2', CHAT_HISTORY_LIMIT: '7' });
  assert.deepEqual(await source.poll(), { options: ['maxMessageBytes', 'historyLimit'], problems: [] });
  assert.deepEqual([config.maxMessageBytes, config.historyLimit, source.version], [1_000, 7, 'v2']);
  assert.equal(source.config, config);
  assert.equal(await source.poll(), null);
});

test('bad values are told once and kept out one by one, and the version stays until all are good', async t => {
  const { volume, source } = await open(t, { CHAT_HISTORY_LIMIT: '7', CHAT_AUTH_SECRET: SECRET, version: 'v1' });
  const bad = { CHAT_HISTORY_LIMIT: 'many', CHAT_AUTH_SECRET: 'too-short', CHAT_MAX_SUBSCRIPTIONS: '9', version: 'v2' };
  await volume.write(bad);
  const change = await source.poll();
  assert.deepEqual(change?.options, ['maxSubscriptions']);
  const told = change?.problems.join() ?? assert.fail('nothing is told');
  assert.match(told, /CHAT_AUTH_SECRET must have at least 32.*CHAT_HISTORY_LIMIT must be an int/);
  assert.doesNotMatch(told, /too-short/);
  assert.equal(source.problems.length, 2);
  const { historyLimit, authSecret, maxSubscriptions } = source.config;
  assert.deepEqual([historyLimit, authSecret, maxSubscriptions, source.version], [7, SECRET, 9, 'v1']);
  await volume.write({ ...bad, CHAT_MAX_SUBSCRIPTIONS: '10' });
  assert.deepEqual(await source.poll(), { options: ['maxSubscriptions'], problems: [] });
  await volume.write({ CHAT_HISTORY_LIMIT: '8', CHAT_AUTH_SECRET: SECRET, version: 'v3' });
  await source.poll();
  assert.deepEqual([source.config.historyLimit, source.version, source.problems], [8, 'v3', []]);
});

test('heartbeats that do not fit together are kept out together', async t => {
  const { volume, source } = await open(t, {});
  await volume.write({ CHAT_PING_SECONDS: '5', CHAT_HISTORY_LIMIT: '7' });
  const change = await source.poll();
  assert.deepEqual(change?.problems, ['CHAT_PONG_SECONDS must be below CHAT_PING_SECONDS']);
  assert.deepEqual([source.config.pingSeconds, source.config.pongSeconds, source.config.historyLimit], [25, 8, 7]);
  await volume.write({ CHAT_PING_SECONDS: '5', CHAT_PONG_SECONDS: '4' });
  await source.poll();
  assert.deepEqual([source.config.pingSeconds, source.config.pongSeconds], [5, 4]);
});

test('a required Secret whose file is away for a moment stays as it was last; an optional one is gone', async t => {
  const [first, second] = [`${SECRET}-first`, `${SECRET}-second`];
  const { volume, source } = await open(t, { CHAT_AUTH_SECRET: first });
  await volume.write({ CHAT_AUTH_SECRET: second, CHAT_AUTH_PREVIOUS_SECRET: first });
  await source.poll();
  await volume.write({ CHAT_HISTORY_LIMIT: '7' });
  assert.deepEqual(await source.poll(), { options: ['authPreviousSecret', 'historyLimit'], problems: [] });
  assert.deepEqual([source.config.authSecret, source.config.authPreviousSecret], [second, '']);
});

test('files of options that are not reloadable, and of none, are ignored', async t => {
  const { volume, source } = await open(t, { CHAT_PARTITIONS: '9', CHAT_LATER: '1', other: 'x' });
  assert.equal(source.config.partitions, 4);
  await volume.write({ CHAT_PORT: 'x', CHAT_LATER: '2' });
  assert.deepEqual(await source.poll().then(change => change?.options ?? []), []);
});

test('at the start a bad file stops the process like a bad variable, and so does a directory that is none', async t => {
  const volume = await settingsFiles(t, { CHAT_HISTORY_LIMIT: '0' });
  const opened = (path: string) => SettingsSource.open('gateway', { ...ENV, CHAT_LIVE_DIR: path });
  await assert.rejects(opened(volume.path), /CHAT_HISTORY_LIMIT must be an integer from 1 to 1000, got "0"/);
  await assert.rejects(opened(join(volume.path, 'nowhere')), ConfigError);
});

test("a directory without the kubelet's link is followed too", async t => {
  const volume = await settingsFiles(t);
  const path = join(volume.path, 'plain');
  await mkdir(path);
  const source = await SettingsSource.open('gateway', { ...ENV, CHAT_LIVE_DIR: path });
  assert.equal(await source.poll(), null);
  await writeFile(join(path, 'CHAT_HISTORY_LIMIT'), '7');
  assert.deepEqual(await source.poll(), { options: ['historyLimit'], problems: [] });
  await writeFile(join(path, 'annotations'), 'chatcluster.dev/traffic="{\\"reason\\":\\"Rollout\\"}"');
  assert.deepEqual(await source.poll(), { options: [], problems: [] });
  assert.deepEqual(source.intent, { reason: 'Rollout' });
});

test('a file that cannot be read changes nothing', async t => {
  const { volume, source } = await open(t, { CHAT_HISTORY_LIMIT: '7' });
  await volume.want({ reason: 'Rollout' });
  await source.poll();
  const folder = join(volume.path, '..broken');
  await mkdir(join(folder, 'CHAT_HISTORY_LIMIT'), { recursive: true });
  await volume.point('..broken');
  await assert.rejects(source.poll(), /EISDIR/);
  assert.deepEqual([source.config.historyLimit, source.intent], [7, { reason: 'Rollout' }]);
});

test('what a new process is needed for is not reloadable, every Secret is, for each process that has it', () => {
  for (const name of ['port', 'partitions', 'natsUrl', 'maxFrameBytes', 'sendBufferBytes', 'drainSeconds'] as const)
    assert.ok(!RELOADABLE_OPTIONS.gateway.includes(name), name);
  const secrets = Object.entries(OPTIONS).filter(([, option]: [string, Option]) => option.secret);
  const missing = (process: 'gateway' | 'worker') =>
    secrets
      .filter(([, option]: [string, Option]) => option.for.includes(process))
      .filter(([name]) => !RELOADABLE_OPTIONS[process].some(other => other === name));
  assert.deepEqual([missing('gateway'), missing('worker')], [[], []]);
});

test('a worker takes its own reloadable options alone: files of a gateway do not count', async t => {
  const files = { CHAT_NATS_PASSWORD: 'first', CHAT_AUTH_SECRET: 'short', CHAT_MAX_CONNECTIONS: 'many' };
  const volume = await settingsFiles(t, files);
  const source = await SettingsSource.open('worker', { ...ENV, CHAT_LIVE_DIR: volume.path });
  assert.equal(source.config.natsPassword, 'first');
  await volume.write({ ...files, CHAT_NATS_PASSWORD: 'second', CHAT_MAX_CONNECTIONS: '7' });
  assert.deepEqual(await source.poll(), { options: ['natsPassword'], problems: [] });
  assert.equal(source.config.natsPassword, 'second');
});
