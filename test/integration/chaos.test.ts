import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { integer, pick, seeded } from '../../tools/support/random.ts';
import { BUILDS, openClient, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startLink } from '../support/chat/link.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOMS = ['channel:one', 'channel:two'] as const;
const READERS = 8;
const WRITERS = 3;
const STEPS = 40;
/** Messages that must flow between two troubles. */
const BETWEEN = 25;

for (const seed of [1, 2, 3]) {
  test(`seed ${seed}: cut links, moved clients, lost live messages, restarts of gateways and NATS lose, repeat and reorder nothing`, async t => {
    const random = seeded(seed);
    const cluster = await startCluster(t, backends, {
      env: {
        CHAT_RECHECK_SECONDS: '3',
        CHAT_TAIL_MESSAGES: '20',
        CHAT_RECOVERY_CHUNK: '10',
        CHAT_COMMANDS_PER_SECOND: '10000',
      },
      dropLive: () => random() < 1 / 20,
    });
    const port = () => pick(random, cluster.gateways).port;
    const deliveries = new Map(ROOMS.map(room => [room, new Delivery()]));
    const deliveryOf = (room: (typeof ROOMS)[number]) => deliveries.get(room) ?? assert.fail();
    const links = [];
    for (let i = 0; i < READERS; i++) {
      const link = await startLink(t, port());
      links.push(link);
      const reader = await openClient(t, link.url, { build: BUILDS[i % 2] ?? 'json', user: `reader-${i}` });
      for (const room of ROOMS) await record(reader, `reader-${i}`, room, deliveryOf(room));
    }
    let sending = true;
    t.after(() => {
      sending = false;
    });
    let acknowledged = 0;
    const write = async (i: number): Promise<void> => {
      const link = await startLink(t, port());
      links.push(link);
      const writer = await openClient(t, link.url, { build: BUILDS[i % 2] ?? 'json', user: `writer-${i}` });
      while (sending) {
        const room = pick(random, ROOMS);
        await sendSurely(writer, room, 'x', deliveryOf(room));
        acknowledged += 1;
      }
    };
    const written = Promise.all(Array.from({ length: WRITERS }, (_, i) => write(i)));

    for (let step = 0; step < STEPS; step++) {
      const held = acknowledged;
      await until('messages flow', () => acknowledged >= held + BETWEEN, { ms: 60_000 });
      const trouble = random();
      const link = pick(random, links);
      if (trouble < 0.4) link.cut();
      else if (trouble < 0.8) {
        link.target(port());
        link.cut();
      } else if (trouble < 0.9) {
        await cluster.restartGateways();
        for (const each of links) each.target(port());
      } else {
        await backends.nats.kill();
        await backends.nats.start();
      }
      if (integer(random, 4) === 0) pick(random, links).cut();
    }
    sending = false;
    await written;
    for (const delivery of deliveries.values()) {
      await until('everyone has everything', () => delivery.complete(), { ms: 60_000, state: () => delivery.state() });
      assert.deepEqual(delivery.verdict(), FLAWLESS);
    }
  });
}
