import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { uuid7Source } from '../../client/uuid7.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { BUILDS, nextId, openClient, record } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:order';
/** Few enough for a busy machine to answer the last one within the 4.5 s of the server. */
const SENDS = 300;
/** The SDK sends these in one frame, so they must fit. */
const EARLY = 120;
const anHourAgo = uuid7Source(
  () => Date.now() - 3_600_000,
  length => randomBytes(length),
);

for (const build of BUILDS) {
  test(`${build}: 300 sends without awaiting, 120 of them before the connection is open, keep their order`, async t => {
    const { gateways } = await startCluster(t, backends);
    const delivery = new Delivery();
    const reader = await openClient(t, gateways[1].url, { build, user: 'bob' });
    await record(reader, 'bob', ROOM, delivery);

    // Not a test of time: a busy machine may take longer than the SDK's 5 s for all of them.
    const writer = await openClient(t, gateways[0].url, { build, sdk: { timeout: 60_000 } });
    // Some ids are old, so that they are looked up first: what follows must not overtake them.
    const ids = Array.from({ length: SENDS }, (_, i) => (i % 100 === 50 ? anHourAgo() : nextId()));
    const early = ids.slice(0, EARLY).map(id => writer.send(ROOM, 'x', id));
    await writer.connected();
    const results = await Promise.all([...early, ...ids.slice(EARLY).map(id => writer.send(ROOM, 'x', id))]);
    for (const [i, id] of ids.entries()) delivery.acknowledged(id, results[i]?.offset);

    const offsets = results.map(({ offset }) => offset);
    assert.deepEqual(
      offsets,
      offsets.toSorted((a, b) => a - b),
    );
    await until('bob has all', () => delivery.complete(), { state: () => delivery.state() });
    assert.deepEqual(delivery.verdict(), FLAWLESS);
    assert.deepEqual(
      delivery.received('bob').map(({ id }) => id),
      ids,
    );
  });
}
