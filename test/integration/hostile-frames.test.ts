import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import WebSocket from 'ws';
import { startBackends } from '../../tools/support/backends.ts';
import { integer, pick, seeded } from '../../tools/support/random.ts';
import { BUILDS, type Build, nextId, openClient } from '../../tools/support/sdk.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const CONNECTIONS = 150;
const FRAMES = 12;
const AT_ONCE = 10;

/** Frames as the official SDK encodes them, taken from its own encoder. */
interface Encoder {
  encodeCommands(commands: readonly object[]): string | Uint8Array;
}

function commands(build: Build, id: number): readonly object[] {
  const payload = (value: unknown) => (build === 'json' ? value : Buffer.from(JSON.stringify(value)));
  const channel = 'channel:hostile';
  return [
    { id, subscribe: { channel, recover: true, offset: 1, epoch: 'e', flag: 3 } },
    { id, publish: { channel, data: payload({ a: ['"}\n', 1] }) } },
    { id, rpc: { method: 'message.send', data: payload({ room: channel, id: nextId(), text: 'x' }) } },
    { id, history: { channel, limit: -1, since: { offset: 1, epoch: 'e' }, reverse: true } },
    { id, presence: { channel } },
    { id, presence_stats: { channel } },
    { id, unsubscribe: { channel } },
    { id, refresh: { token: 'x' } },
    {},
  ];
}

for (const build of BUILDS) {
  test(`${build}: ${CONNECTIONS} connections that send damaged frames harm nobody else`, async t => {
    const cluster = await startCluster(t, backends);
    const gateway = await cluster.spawnGateway();
    const honest = await openClient(t, gateway.url, { build, user: 'honest' });
    await honest.connected();
    let reconnects = 0;
    honest.sdk.on('connecting', () => {
      reconnects += 1;
    });
    const encoder = (honest.sdk as unknown as { readonly _codec: Encoder })._codec;
    const encode = (...list: readonly object[]) => Buffer.from(encoder.encodeCommands(list));
    const random = seeded(build === 'json' ? 21 : 22);
    const token = await tokenFor('mallory');

    const damage = (frame: Buffer): Buffer => {
      for (let n = integer(random, 4); n > 0; n--) frame[integer(random, frame.length)] = integer(random, 256);
      return pick(random, [frame, frame, frame.subarray(0, integer(random, frame.length + 1))]);
    };
    const attack = async (): Promise<void> => {
      const socket = new WebSocket(gateway.url, `centrifuge-${build}`);
      const closed = once(socket, 'close');
      socket.on('error', () => undefined);
      await once(socket, 'open');
      if (random() < 0.9) socket.send(encode({ id: 1, connect: { token } }));
      for (let i = 0; i < FRAMES; i++) {
        const frame = damage(encode(pick(random, commands(build, 2 + i)), pick(random, commands(build, 50 + i))));
        socket.send(frame, { binary: random() < 0.5 });
      }
      if (random() < 0.3) socket.terminate();
      else socket.close();
      await closed;
    };
    for (let i = 0; i < CONNECTIONS; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, attack));

    assert.ok(gateway.process.running(), gateway.process.output());
    assert.equal((await honest.send('channel:quiet', 'still served')).duplicate, false);
    assert.equal(reconnects, 0);
    assert.ok(!/unexpected|"level":50/.test(gateway.process.output()), gateway.process.output());
  });
}
