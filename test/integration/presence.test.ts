import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { connectNats } from '../../server/bus/connect.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, type Client, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startLink } from '../support/chat/link.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:hall';
const INSTANCE = 'presence';
/** A gateway that was killed has to be gone by then. */
const GONE_MS = 15_000;

const usersOf = async (client: Client, room: string) =>
  Object.values((await client.sdk.presence(room)).clients)
    .map(({ user }) => user)
    .sort();

/** Sends and hears what gateways send to each other. */
async function onTheBus(t: TestContext, instance: string) {
  const nats = await connectNats({ natsUrl: backends.nats.url, natsUser: '', natsPassword: '' }, 'test');
  t.after(() => nats.close());
  const questions: string[] = [];
  nats.subscribe(`chat.${instance}.presence.>`, {
    callback: (_, message) => void questions.push(`${message.subject} ${message.string()}`),
  });
  await nats.flush();
  return { nats, questions };
}

describe('presence', { concurrency: 3 }, () => {
  for (const build of BUILDS) {
    test(`${build}: whoever subscribes with join_leave is in its own presence answer at once, the second comer too`, async t => {
      const { gateways } = await startCluster(t, backends);
      const alice = await openClient(t, gateways[0].url, { build, user: 'alice' });
      const bob = await openClient(t, gateways[0].url, { build, user: 'bob' });
      await alice.subscribe(ROOM, { joinLeave: true });
      assert.deepEqual(await usersOf(alice, ROOM), ['alice']);
      await bob.subscribe(ROOM, { joinLeave: true });
      assert.deepEqual(await usersOf(bob, ROOM), ['alice', 'bob']);
      const { numClients, numUsers } = await alice.sdk.presenceStats(ROOM);
      assert.deepEqual([numClients, numUsers], [2, 2]);
    });

    test(`${build}: presence is for subscribers of the room`, async t => {
      const { gateways } = await startCluster(t, backends);
      const alice = await openClient(t, gateways[0].url, { build, user: 'alice' });
      await alice.connected();
      const refused = { code: 103, message: 'permission denied: presence is for subscribers of the room' };
      await assert.rejects(alice.sdk.presence(ROOM), refused);
      await assert.rejects(alice.sdk.presenceStats(ROOM), refused);
      assert.deepEqual(await usersOf(alice, 'user:alice'), ['alice']); // the server subscribes the inbox
    });

    test(`${build}: a room above the limit has counts only, and the answer says so`, async t => {
      const { gateways } = await startCluster(t, backends, { env: { CHAT_PRESENCE_LIMIT: '3' } });
      const room = 'channel:large';
      const clients: Client[] = [];
      const come = async (user: string) => {
        const client = await openClient(t, gateways[clients.length % 2 === 0 ? 0 : 1].url, { build, user });
        await client.subscribe(room);
        clients.push(client);
      };
      for (const user of ['a', 'b', 'b']) await come(user);
      const [first] = clients;
      assert.ok(first);
      await until('all are listed', async () => (await usersOf(first, room)).join('') === 'abb');
      await come('c');
      const full = async () =>
        await first.sdk.presence(room).then(
          () => null,
          (error: { code: number; message: string }) => error,
        );
      const error = await until('the room is too large', full);
      assert.equal(error.code, 106);
      assert.equal(error.message, 'the room has 4 connections, presence lists at most 3: ask for presence_stats');
      const { numClients, numUsers } = await first.sdk.presenceStats(room);
      assert.deepEqual([numClients, numUsers], [4, 3]);
    });

    test(`${build}: the leave of a member that was there before the watcher is pushed when its gateway is killed`, async t => {
      const { gateways, spawnGateway } = await startCluster(t, backends);
      const gateway = await spawnGateway();
      const link = await startLink(t, gateway.port);
      const bob = await openClient(t, link.url, { user: 'bob' });
      await bob.subscribe(ROOM);
      const heard: string[] = [];
      for (const [index, user] of ['alice', 'carol'].entries()) {
        const client = await openClient(t, gateways[index === 0 ? 0 : 1].url, { build, user });
        const subscription = client.sdk.newSubscription(ROOM, { joinLeave: true });
        subscription.on('leave', ({ info }) => void heard.push(`${user} hears that ${info.user} left`));
        subscription.subscribe();
        await subscription.ready();
        await until(`${user} sees bob`, async () => (await usersOf(client, ROOM)).includes('bob'));
      }
      link.target(null);
      await gateway.process.kill();
      const all = () => heard.length === 2;
      await until('bob is gone with his gateway', all, { ms: GONE_MS, state: () => heard });
      assert.deepEqual(heard.sort(), ['alice hears that bob left', 'carol hears that bob left']);
    });
  }

  test('a question reaches only the gateways that have members of the room; an invented room reaches none', async t => {
    const { gateways, spawnGateway } = await startCluster(t, backends, { env: { CHAT_INSTANCE: INSTANCE } });
    await spawnGateway();
    const { questions } = await onTheBus(t, INSTANCE);
    const alice = await openClient(t, gateways[0].url, { user: 'alice' });
    const bob = await openClient(t, gateways[1].url, { user: 'bob' });
    await alice.subscribe(ROOM);
    await bob.subscribe(ROOM);
    await until('alice sees bob', async () => (await usersOf(alice, ROOM)).length === 2);
    const rooms = Array.from({ length: 50 }, (_, i) => `channel:invented-${i}`);
    for (const room of rooms) await alice.subscribe(room, { joinLeave: true });
    for (const room of rooms) assert.deepEqual(await usersOf(alice, room), ['alice']);
    for (const room of rooms) await alice.sdk.presence(`${room}x`).catch(() => undefined);
    const about = (room: string) => questions.filter(question => question.includes(room));
    assert.deepEqual([about('invented'), about(ROOM).length > 0], [[], true]);
    for (const question of about(ROOM)) assert.match(question, /^chat\.presence\.presence\.of\.gateway-1 /);
  });

  test('a gateway of the previous release beside: each has the members of the other in its answer', async t => {
    const { gateways } = await startCluster(t, backends, { env: { CHAT_INSTANCE: 'skew' } });
    const { nats, questions } = await onTheBus(t, 'skew');
    const alice = await openClient(t, gateways[0].url, { user: 'alice' });
    await alice.subscribe(ROOM);
    // What the previous release says, word for word.
    nats.subscribe('chat.skew.presence.ask', {
      callback: (_, message) =>
        void message.respond('{"gateway":"old","members":[["client-1","bob"]],"partial":false}'),
    });
    nats.publish('chat.skew.gateway.beat', '{"gateway":"old","leaving":false}');
    await until('alice sees bob', async () => (await usersOf(alice, ROOM)).join() === 'alice,bob');
    assert.ok(questions.includes(`chat.skew.presence.ask ${ROOM}`));

    const answers: { gateway: string; members: string[][]; partial: boolean }[] = [];
    nats.subscribe('test.answers', { callback: (_, message) => void answers.push(message.json()) });
    nats.publish('chat.skew.presence.ask', ROOM, { reply: 'test.answers' });
    await until('all three have answered', () => answers.length === 3);
    const own = answers.find(({ gateway }) => gateway === 'gateway-0');
    assert.deepEqual([own?.members.map(([, user]) => user), own?.partial], [['alice'], false]);
  });
});

test('after an outage of NATS watchers hear what they missed, and nobody was taken for dead', async t => {
  const { gateways } = await startCluster(t, backends);
  const alice = await openClient(t, gateways[0].url, { user: 'alice' });
  const heard: string[] = [];
  const subscription = alice.sdk.newSubscription(ROOM, { joinLeave: true });
  subscription.on('join', ({ info }) => void heard.push(`+${info.user}`));
  subscription.on('leave', ({ info }) => void heard.push(`-${info.user}`));
  subscription.subscribe();
  await subscription.ready();
  const bob = await openClient(t, gateways[1].url, { user: 'bob' });
  await bob.subscribe(ROOM);
  const carol = await openClient(t, gateways[1].url, { user: 'carol' });
  await carol.subscribe(ROOM);
  await until('all have come', () => heard.length === 3, { state: () => heard });
  await backends.nats.stop();
  carol.sdk.disconnect();
  await backends.nats.start();
  await until('carol has left', () => heard.includes('-carol'), { state: () => heard });
  assert.deepEqual(heard.slice(3), ['-carol']);
  assert.deepEqual(await usersOf(alice, ROOM), ['alice', 'bob']);
});
