import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { type StoreBench, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';

const backends = await startBackends({ after });

interface Live {
  readonly subject: string;
  readonly offset: number;
  readonly previous: number;
  readonly user: string | undefined;
}

/** Messages a gateway gets on the rooms' live subjects, in order. */
function listen(bench: StoreBench): Live[] {
  const seen: Live[] = [];
  bench.nats.subscribe(bench.names.liveSubjects(0), {
    callback: (_error, message) => {
      const header = (name: string) => message.headers?.get(name);
      seen.push({
        subject: message.subject,
        offset: Number(header('Nats-Sequence')),
        previous: Number(header('Nats-Last-Sequence')),
        user: header('Chat-User'),
      });
    },
  });
  return seen;
}

test('a published message arrives live with its offset, the one before it in its room, and its headers', async t => {
  const bench = await storeBench(t, backends);
  await streamsReady(await bench.worker());
  const seen = listen(bench);
  const room = 'channel:ä.*>';
  await bench.publish(room, 'm1');
  await bench.publish('channel:b', 'm2');
  await bench.publish(room, 'm3');
  await until('all three are there', () => seen.length === 3);
  assert.deepEqual(seen[2], { subject: bench.names.live(0, room), offset: 3, previous: 1, user: 'alice' });
  assert.deepEqual(
    seen.map(each => each.previous),
    [0, 0, 1],
  );
});

for (const ending of ['stop', 'kill'] as const) {
  test(`after ${ending} and start of nats-server with many rooms the live flow is back, and repeats nothing`, async t => {
    const bench = await storeBench(t, backends);
    const worker = await bench.worker();
    await streamsReady(worker);
    const rooms = Array.from({ length: 20 }, (_, index) => `channel:${index}`);
    for (let round = 0; round < 25; round++) await Promise.all(rooms.map(room => bench.publish(room, `r${round}`)));
    await bench.publish('channel:a', 'before');
    await until('LIVE has all', async () => {
      const live = await bench.jsm.streams.info(bench.names.liveStream(0));
      return live.state.last_seq === 501;
    });
    const seen = listen(bench);
    await bench.nats.flush();
    await backends.nats[ending]();
    await backends.nats.start();
    await bench.natsAnswers();
    const offset = await bench.publish('channel:a', 'after');
    await until('it arrives live', () => seen.some(each => each.offset === offset));
    assert.deepEqual(
      seen.map(each => each.offset),
      [offset],
      'nothing older is sent again',
    );
    const [first] = seen;
    assert.ok(first?.previous === 501 || first?.previous === 0, `previous is right or unknown: ${first?.previous}`);
    const next = await bench.publish('channel:a', 'next');
    await until('the next arrives', () => seen.length === 2);
    assert.deepEqual([seen[1]?.offset, seen[1]?.previous], [next, offset]);
    await until('LOG answers its reads alone again', async () => {
      const live = await bench.jsm.streams.info(bench.names.liveStream(0));
      return live.config.mirror_direct === false;
    });
  });
}

test('a LIVE stream that somebody removed is made again and does not repeat the past', async t => {
  const bench = await storeBench(t, backends);
  const worker = await bench.worker();
  await streamsReady(worker);
  for (let number = 0; number < 10; number++) await bench.publish('channel:a', `m${number}`);
  await bench.jsm.streams.delete(bench.names.liveStream(0));
  const seen = listen(bench);
  await until('it is there again', () => bench.jsm.streams.info(bench.names.liveStream(0)).then(Boolean, () => false));
  const offset = await bench.publish('channel:a', 'after');
  await until('messages arrive live', () => seen.some(each => each.offset === offset));
  assert.ok(seen.every(each => each.offset > 10));
});
