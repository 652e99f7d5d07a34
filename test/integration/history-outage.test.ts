import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { createChat } from '../../client/chat.ts';
import { memoryStorage } from '../../client/storage.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { type Client, oldId, openClient } from '../../tools/support/sdk.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { type Cluster, startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const { mongo } = backends;
const external = !mongo.controllable && 'the MongoDB of MONGODB_URI cannot be stopped from here';
const ROOMS = Array.from({ length: 12 }, (_, i) => `channel:room-${i}`);
const IN_EACH = 3;

/** Rooms with messages that MongoDB has and the stream still holds, and one with a message only MongoDB has. */
async function setUp(t: TestContext): Promise<{ cluster: Cluster; alice: Client }> {
  const cluster = await startCluster(t, backends);
  const alice = await openClient(t, cluster.gateways[0].url);
  for (const room of ROOMS) for (let i = 0; i < IN_EACH; i++) await alice.send(room, `${i}`);
  await until('all is stored', async () => (await cluster.storedCount()) === ROOMS.length * IN_EACH);
  return { cluster, alice };
}

/** Asks for the newest pages of all rooms at once, as a page does that opens. @returns milliseconds until each came */
async function newestPages(client: Client): Promise<number[]> {
  const began = performance.now();
  return await Promise.all(
    ROOMS.map(async room => {
      const { publications } = await client.sdk.history(room, { limit: 50, reverse: true });
      assert.equal(publications.length, IN_EACH, room);
      return performance.now() - began;
    }),
  );
}

const longest = (times: readonly number[]) => `${Math.round(Math.max(...times))} ms`;

for (const { what, goes, comes } of [
  { what: 'stopped', goes: () => mongo.stop(), comes: () => mongo.start() },
  { what: 'silent', goes: () => mongo.signal('SIGSTOP'), comes: () => mongo.signal('SIGCONT') },
]) {
  // The SDK gives up after 5 s: whatever comes here was answered before.
  test(`MongoDB is ${what}: the newest pages come from the stream, and every question is answered`, {
    skip: external,
  }, async t => {
    const { cluster, alice } = await setUp(t);
    await goes();
    t.after(comes);
    const first = await newestPages(alice);
    const second = await newestPages(alice);
    t.diagnostic(
      `MongoDB ${what}: newest page of ${ROOMS.length} rooms, last after ${longest(first)}, then ${longest(second)}`,
    );

    const chat = createChat({
      user: 'carol',
      storage: memoryStorage(),
      url: cluster.gateways[0].url,
      getToken: () => tokenFor('carol'),
    });
    t.after(() => chat.disconnect());
    const refusals: string[] = [];
    const opened = performance.now();
    const rooms = ROOMS.map(name => {
      const room = chat.open(name);
      room.changed.add(() => room.history.error && refusals.push(`${name}: ${room.history.error.message}`));
      return room;
    });
    chat.connect();
    await until('a page shows every room', () => rooms.every(({ history }) => history.loaded));
    assert.deepEqual(refusals, [], 'no room had to ask twice');
    for (const { messages } of rooms) assert.equal(messages.length, IN_EACH);
    t.diagnostic(`the chat client shows ${ROOMS.length} rooms after ${Math.round(performance.now() - opened)} ms`);

    const bob = await openClient(t, cluster.gateways[0].url, { user: 'bob' });
    await bob.connected();
    const [room = ''] = ROOMS;
    const subscription = await bob.subscribe(room);
    const began = performance.now();
    await Promise.all(
      Array.from({ length: 5 }, () =>
        assert.rejects(bob.send(room, 'an id of a clock that is wrong', oldId()), { code: 100, temporary: true }),
      ),
    );
    t.diagnostic(`5 sends with old ids answered after ${Math.round(performance.now() - began)} ms`);
    assert.equal((await bob.send(room, 'now')).duplicate, false);
    subscription.unsubscribe();

    await comes();
    const sent = await until('an old id is looked up again', () => bob.send(room, 'late', oldId()).catch(() => null));
    assert.equal(sent.duplicate, false);
  });
}
