import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends, type Teardown } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { startClient } from '../support/chat/dev-client.ts';
import { startLink } from '../support/chat/link.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const ROOM = 'channel:history';
const RECOVERY_LIMIT = 20;
const cluster = await startCluster({ after }, await startBackends({ after }), {
  env: { CHAT_DEV_SIGN_IN: 'Enabled', CHAT_RECOVERY_LIMIT: String(RECOVERY_LIMIT) },
});
const [first, second] = cluster.gateways;

const connect = (t: Teardown, user: string, url: string) => startClient(t, user, first.port, url);

test('what a reconnect beyond the recovery limit leaves out is paged in from the last known offset', async t => {
  const bob = connect(t, 'bob', second.url).open(ROOM);
  const link = await startLink(t, first.port);
  const alice = connect(t, 'alice', link.url).open(ROOM);
  const sent: string[] = [];
  const say = (count: number) => {
    for (let number = 0; number < count; number++) {
      sent.push(`message ${sent.length + 1}`);
      bob.send(sent.at(-1) ?? '');
    }
  };
  const shown = () => alice.messages.map(({ text }) => text);
  const arrived = () =>
    until('alice has everything', () => shown().length >= sent.length, { state: () => shown().length });

  say(3);
  await arrived();
  link.target(null);
  link.cut();
  await until('alice is away', () => alice.status.phase === 'joining');
  say(250);
  await until('bob has sent everything', () => bob.outgoing.length === 0);
  link.target(second.port);
  await arrived();
  say(2);
  await arrived();
  assert.deepEqual(shown(), sent);
  const offsets = alice.messages.map(({ offset }) => offset);
  assert.deepEqual(
    offsets,
    offsets.toSorted((a, b) => a - b),
  );
});

test('what is missed in a short absence comes once and in order', async t => {
  const room = `${ROOM}-short`;
  const bob = connect(t, 'bob', second.url).open(room);
  const link = await startLink(t, first.port);
  const alice = connect(t, 'alice', link.url).open(room);
  const texts = () => alice.messages.map(({ text }) => text);
  bob.send('one');
  await until('the first is there', () => texts().length === 1);
  link.target(null);
  link.cut();
  await until('alice is away', () => alice.status.phase === 'joining');
  for (const text of ['two', 'three']) bob.send(text);
  await until('bob has sent everything', () => bob.outgoing.length === 0);
  link.target(second.port);
  await until('all are there', () => texts().length === 3, { state: texts });
  assert.deepEqual(texts(), ['one', 'two', 'three']);
});
