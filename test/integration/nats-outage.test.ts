import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { BUILDS, nextId, openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:outage';
const QUIET = 'channel:quiet';
const OUTAGE_MS = 20_000;

test('NATS is silent for 20 s and restarted: nobody is disconnected, every publish is answered, nothing is lost', async t => {
  let dropQuiet = false;
  const cluster = await startCluster(t, backends, {
    // The regular re-check must not be what finds the lost message.
    env: { CHAT_RECHECK_SECONDS: '299' },
    dropLive: room => dropQuiet && room === QUIET,
  });
  const delivery = new Delivery();
  const quiet = new Delivery();
  let reconnects = 0;
  for (const [index, gateway] of cluster.gateways.entries()) {
    for (const build of BUILDS) {
      const name = `${build}-${index}`;
      const reader = await openClient(t, gateway.url, { build, user: name });
      await record(reader, name, ROOM, delivery);
      await record(reader, name, QUIET, quiet);
      reader.sdk.on('connecting', () => {
        reconnects += 1;
      });
    }
  }
  const alice = await openClient(t, cluster.gateways[0].url);
  await sendSurely(alice, ROOM, 'before', delivery);
  await sendSurely(alice, QUIET, 'before', quiet);
  await until('everyone reads', () => delivery.complete() && quiet.complete());
  // A room's re-check a second after its opening must not be what finds it either.
  const openedAt = performance.now();
  await until('the rooms have settled', () => performance.now() - openedAt > 3_000);
  dropQuiet = true;
  await sendSurely(alice, QUIET, 'lost on the way', quiet);
  dropQuiet = false;

  backends.nats.signal('SIGSTOP');
  const stoppedAt = performance.now();
  const answers: { readonly ms: number; readonly code: number; readonly temporary: boolean }[] = [];
  const ids: string[] = [];
  await until(
    '20 s are over',
    async () => {
      const sentAt = performance.now();
      const id = nextId();
      const error = await alice.send(ROOM, 'x', id).then(
        () => null,
        (refused: { readonly code: number; readonly temporary?: boolean }) => refused,
      );
      answers.push({ ms: performance.now() - sentAt, code: error?.code ?? 0, temporary: error?.temporary ?? true });
      ids.push(id);
      const ready = await Promise.all(cluster.gateways.map(({ readyUrl }) => fetch(readyUrl)));
      assert.deepEqual(
        ready.map(({ status }) => status),
        [200, 200],
      );
      return performance.now() - stoppedAt > OUTAGE_MS;
    },
    { ms: 60_000 },
  );
  await backends.nats.kill();
  await backends.nats.start();

  // What was answered with a temporary error is sent again with its id, as applications do.
  for (const id of ids) {
    const { offset } = await until(`${id} is acknowledged`, () => alice.send(ROOM, 'x', id).catch(() => null));
    delivery.acknowledged(id, offset);
  }
  await until('every position has been checked again', () => quiet.complete(), { state: () => quiet.state() });
  await until('everyone has everything', () => delivery.complete(), { state: () => delivery.state() });
  assert.deepEqual(delivery.verdict(), FLAWLESS);
  assert.deepEqual(quiet.verdict(), FLAWLESS);
  assert.equal(reconnects, 0);
  assert.ok(answers.length >= 4);
  for (const { ms, code, temporary } of answers) {
    assert.ok(ms < 5_000, `an answer took ${ms} ms`);
    assert.deepEqual([code === 0 || code === 100, temporary], [true, true]);
  }
});
