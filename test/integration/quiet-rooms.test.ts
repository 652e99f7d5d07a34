import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { inboxOf } from '../../server/access/names.ts';
import type { Position } from '../../server/protocol/codec.ts';
import { startMongo } from '../../tools/local/mongo.ts';
import { startNats } from '../../tools/local/nats.ts';
import { startNatsCluster } from '../../tools/local/nats-cluster.ts';
import { apiRequests } from '../../tools/support/api-requests.ts';
import { QuietClient } from '../../tools/support/quiet-client.ts';
import { nextId, openClient } from '../../tools/support/sdk.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { answered } from '../support/chat/answered.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const mongo = await startMongo();
after(() => mongo.close());
const CLIENTS = 200;
const ROOMS_EACH = 10;
const ROOMS = 400;
const PURGING = {
  CHAT_PARTITIONS: '1',
  CHAT_HOT_WINDOW_SECONDS: '0',
  CHAT_DEDUPE_SECONDS: '10',
  CHAT_PURGE_SECONDS: '1',
  CHAT_CONNECTS_PER_SECOND: '100000',
};
const name = (room: number) => `channel:quiet ${room % ROOMS}`;

async function drain(t: TestContext, natsUrl: string, env: Readonly<Record<string, string>>): Promise<void> {
  const instance = `quiet-${process.pid}-${Object.keys(env).length}`;
  const backends = { nats: { url: natsUrl }, mongo };
  const cluster = await startCluster(t, backends, { env: { ...PURGING, ...env, CHAT_INSTANCE: instance } });
  const alice = await openClient(t, cluster.gateways[0].url);
  const positions = new Map<string, Position>();
  await Promise.all(
    Array.from({ length: ROOMS }, async (_, room) => {
      const id = nextId();
      const { offset, epoch } = await answered(() => alice.send(name(room), 'the only one', id));
      positions.set(name(room), { offset, epoch });
    }),
  );
  const users = Array.from({ length: CLIENTS }, (_, i) => `user ${i}`);
  const came = await Promise.all(users.map(() => QuietClient.open(cluster.gateways[0].url)));
  await Promise.all(
    users.map(async (user, i) =>
      positions.set(inboxOf(user), (await came[i]?.connect(user, await tokenFor(user))) as Position),
    ),
  );
  for (const client of came) client.close();
  const last = Math.max(...[...positions.values()].map(({ offset }) => offset));
  await until('everything is purged', async () => (await cluster.firstOffset(name(0))) > last);

  if (mongo.controllable) {
    await mongo.stop();
    t.after(() => mongo.start());
  }
  await cluster.restartGateways();
  const api = await apiRequests(t, natsUrl, instance);
  const clients = await Promise.all(users.map(() => QuietClient.open(cluster.gateways[0].url)));
  t.after(() => {
    for (const client of clients) client.close();
  });
  const returns = await Promise.all(
    users.map(async (user, i) => {
      const rooms = [inboxOf(user), ...Array.from({ length: ROOMS_EACH }, (_, k) => name(i * ROOMS_EACH + k))];
      const held = new Map(rooms.map(room => [room, positions.get(room) as Position]));
      return await (clients[i] as QuietClient).comeBack(user, await tokenFor(user), held);
    }),
  );
  assert.deepEqual(
    returns.flatMap(({ others }) => others),
    [],
  );
  assert.equal(
    returns.reduce((sum, { complete }) => sum + complete, 0),
    CLIENTS * (ROOMS_EACH + 1),
  );
  await api.settled();
  const opened = ROOMS + CLIENTS;
  t.diagnostic(`${opened} rooms opened with ${api.leader()} requests to leaders and ${api.direct()} to any replica`);
  assert.ok(api.leader() < opened / 4, `${api.leader()} requests to leaders for ${opened} rooms`);
  assert.ok(api.direct() < opened / 4, `${api.direct()} reads for ${opened} rooms`);
}

test('after a drain, clients that missed nothing in their quiet rooms are answered without MongoDB, by few questions', async t => {
  const nats = await startNats();
  t.after(() => nats.close());
  await drain(t, nats.url, {});
});

test('the same with streams on three servers', async t => {
  const nats = await startNatsCluster();
  t.after(() => nats.close());
  await drain(t, nats.url, { CHAT_STREAM_REPLICAS: '3' });
});
