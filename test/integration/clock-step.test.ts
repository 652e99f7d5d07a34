import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { type Frames, openFrames } from '../support/chat/frames.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const env = { CHAT_PING_SECONDS: '2', CHAT_PONG_SECONDS: '1', CHAT_CONNECT_SECONDS: '10' };

for (const { what, ms } of [
  { what: 'set back by 60 s', ms: -60_000 },
  { what: 'set back by 3 s', ms: -3_000 },
  { what: 'set forward by 30 s', ms: 30_000 },
]) {
  test(`a clock ${what} right after some connected, and before others send connect, closes nobody`, async t => {
    const real = Date.now;
    let moved = 0;
    t.mock.method(Date, 'now', () => real() + moved); // first: a gateway that read it must not escape
    const { gateways } = await startCluster(t, backends, { env });
    const [{ url }] = gateways;
    const token = await tokenFor('alice');
    const signIn = async (client: Frames) => {
      client.send(JSON.stringify({ id: 1, connect: { token } }));
      await client.reply(1);
    };
    const closed: number[] = [];
    const open = async () => {
      const client = await openFrames(t, url);
      void client.closed().then(({ code }) => closed.push(code));
      return client;
    };
    const connected = await Promise.all(Array.from({ length: 20 }, open));
    await Promise.all(connected.map(signIn));
    const connecting = await Promise.all(Array.from({ length: 5 }, open));

    moved = ms;
    await until('every connection has answered three pings', () => {
      assert.deepEqual(closed, []);
      return connected.every(client => client.pings() >= 3);
    });
    await Promise.all(connecting.map(signIn));
    await until('the others have too', () => connecting.every(client => client.pings() >= 3));
    assert.deepEqual(closed, []);
  });
}
