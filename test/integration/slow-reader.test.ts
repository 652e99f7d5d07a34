import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { metric } from '../../tools/support/metrics.ts';
import { BUILDS, openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startLink } from '../support/chat/link.ts';
import { LONG_TEXTS, startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:flood';
const MIB = 1024 * 1024;
const READERS = 10;
const SEND_BUFFER = MIB;
const TAIL = 8 * MIB;
/** Bytes a process may grow by beside its budgets: fragments, garbage not yet collected, code. */
const SLACK = 100 * MIB;
const TEXT = 'x'.repeat(30_000);

for (const build of BUILDS) {
  test(`${build}: stalled readers are closed with 3008, recover all, and memory stays in budget`, async t => {
    const cluster = await startCluster(t, backends, {
      env: {
        ...LONG_TEXTS,
        CHAT_SEND_BUFFER_BYTES: String(SEND_BUFFER),
        CHAT_TAIL_BYTES: String(TAIL),
        // Stalled readers answer no ping: on a slow machine they would be closed for that first.
        CHAT_PING_SECONDS: '300',
        CHAT_PONG_SECONDS: '200',
      },
    });
    const gateway = await cluster.spawnGateway();
    const link = await startLink(t, gateway.port);
    const delivery = new Delivery();
    const codes: number[] = [];
    for (let i = 0; i < READERS; i++) {
      const reader = await openClient(t, link.url, { build, user: `reader-${i}` });
      reader.sdk.on('connecting', ({ code }) => void codes.push(code));
      await record(reader, `reader-${i}`, ROOM, delivery);
    }
    codes.length = 0;
    const alice = await openClient(t, cluster.gateways[0].url);
    await alice.connected(); // what is sent before goes in one frame, which would be above the limit
    const rss = () => metric(gateway.adminPort, 'process_resident_memory_bytes');
    const slow = () => metric(gateway.adminPort, 'chatcluster_slow_disconnects_total');
    const before = await rss();

    link.stall();
    let highest = before;
    await until(
      'every reader has been given up',
      async () => {
        await Promise.all(Array.from({ length: 10 }, () => sendSurely(alice, ROOM, TEXT, delivery)));
        highest = Math.max(highest, await rss());
        return (await slow()) >= READERS;
      },
      { ms: 120_000, state: () => ({ ...delivery.state(), highest }) },
    );
    link.resume();

    await until('every reader has everything', () => delivery.complete(), {
      ms: 120_000,
      state: () => delivery.state(),
    });
    assert.deepEqual(delivery.verdict(), FLAWLESS);
    assert.ok(codes.includes(3008), `closed with ${[...new Set(codes)]}`);
    const grown = highest - before;
    assert.ok(grown < READERS * SEND_BUFFER + TAIL + SLACK, `grew by ${Math.round(grown / MIB)} MiB`);
  });
}
