import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createChat } from '../../client/chat.ts';
import { memoryStorage } from '../../client/storage.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, nextId, openClient } from '../../tools/support/sdk.ts';
import { epochSeconds, tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });

describe('commands of the SDK', { concurrency: 4 }, () => {
  for (const build of BUILDS) {
    test(`${build}: connect names the connection, its gateway and the inbox`, async t => {
      const { gateways } = await startCluster(t, backends);
      const client = await openClient(t, gateways[0].url, { build, user: 'alice' });
      const inbox = new Promise<string>(resolve => client.sdk.on('subscribed', ({ channel }) => resolve(channel)));
      const connected = new Promise<{ client: string; data?: unknown }>(resolve => client.sdk.on('connected', resolve));
      assert.match((await connected).client, /^[0-9a-f-]{36}$/);
      assert.equal((client.value((await connected).data) as { gateway: string }).gateway, gateways[0].name);
      assert.equal(await inbox, 'user:alice');
    });

    test(`${build}: a message reaches every subscriber with its sender, and stays in the history`, async t => {
      const { gateways } = await startCluster(t, backends);
      const room = 'channel:大厅 1.*>';
      const bob = await openClient(t, gateways[1].url, { build, user: 'bob' });
      const seen: unknown[] = [];
      const subscription = await bob.subscribe(room);
      subscription.on('publication', ({ data, offset, info }) =>
        seen.push({ data: bob.value(data), offset, user: info?.user }),
      );

      const alice = await openClient(t, gateways[0].url, { build, user: 'álice 爱' });
      const id = nextId();
      const { offset, epoch, duplicate } = await alice.send(room, 'hello', id);
      assert.equal(duplicate, false);
      await alice.publish(room, { a: 1 });
      await until('bob has both', () => seen.length === 2, { state: () => seen });

      const history = await subscription.history({ limit: 10 });
      assert.equal(history.epoch, epoch);
      const [first, second] = history.publications.map(({ data, offset: at, info }) => ({
        data: bob.value(data),
        offset: at,
        user: info?.user,
      }));
      assert.deepEqual(seen, [first, second]);
      assert.ok(first);
      const { id: seenId, text } = first.data as { readonly id: string; readonly text: string };
      assert.deepEqual([first.offset, first.user, seenId, text], [offset, 'álice 爱', id, 'hello']);
      assert.deepEqual(second?.data, { a: 1 });
      assert.ok((second?.offset ?? 0) > offset);
      assert.equal(history.offset, second?.offset);
    });

    test(`${build}: history pages forwards and backwards from any message`, async t => {
      const { gateways } = await startCluster(t, backends);
      const client = await openClient(t, gateways[0].url, { build });
      const room = 'channel:pages';
      const offsets: number[] = [];
      for (let i = 0; i < 7; i++) offsets.push((await client.send(room, `m${i}`)).offset);
      const { epoch, offset: top, publications: none } = await client.sdk.history(room, { limit: 0 });
      assert.deepEqual([top, none], [offsets[6], []]);
      const read = async (options: object) =>
        (await client.sdk.history(room, options)).publications.map(({ offset }) => offset);
      const at = (index: number) => ({ epoch, offset: offsets[index] ?? 0 });
      assert.deepEqual(await read({ limit: 3 }), offsets.slice(0, 3));
      assert.deepEqual(await read({ limit: -1 }), offsets);
      assert.deepEqual(await read({ limit: 3, since: at(2) }), offsets.slice(3, 6));
      assert.deepEqual(await read({ limit: 3, reverse: true }), offsets.slice(4).reverse());
      assert.deepEqual(await read({ limit: 3, reverse: true, since: at(4) }), offsets.slice(1, 4).reverse());
      assert.deepEqual(await read({ limit: 3, reverse: true, since: at(0) }), []);
      await assert.rejects(client.sdk.history(room, { limit: 1, since: { epoch: 'another', offset: 1 } }), {
        code: 112,
      });
    });

    test(`${build}: presence counts the connections of both gateways and forgets those that leave`, async t => {
      const { gateways } = await startCluster(t, backends);
      const room = 'channel:who';
      const alice = await openClient(t, gateways[0].url, { build, user: 'alice' });
      const alicesPhone = await openClient(t, gateways[1].url, { build, user: 'alice' });
      const bob = await openClient(t, gateways[1].url, { build, user: 'bob' });
      const subscription = await alice.subscribe(room);
      await alicesPhone.subscribe(room);
      const bobs = await bob.subscribe(room);
      const stats = async () => {
        const { numClients, numUsers } = await subscription.presenceStats();
        return `${numClients} ${numUsers}`;
      };
      await until('all three are there', async () => (await stats()) === '3 2');
      const { clients } = await subscription.presence();
      assert.deepEqual(
        Object.values(clients)
          .map(({ user }) => user)
          .sort(),
        ['alice', 'alice', 'bob'],
      );
      bobs.unsubscribe();
      await until('bob is gone', async () => (await stats()) === '2 1');
      alicesPhone.sdk.disconnect();
      await until('the phone is gone', async () => (await stats()) === '1 1');
    });

    test(`${build}: a token is refreshed before it expires, and the connection stays`, async t => {
      const { gateways } = await startCluster(t, backends);
      let refreshed = 0;
      const client = await openClient(t, gateways[0].url, {
        build,
        sdk: {
          token: await tokenFor('alice', { exp: epochSeconds() + 3 }),
          getToken: () => {
            refreshed += 1;
            return tokenFor('alice', { exp: epochSeconds() + 3_600 });
          },
        },
      });
      let connections = 0;
      client.sdk.on('connected', () => {
        connections += 1;
      });
      await until('the token has been refreshed', () => refreshed === 1);
      await client.send('channel:after', 'still here');
      assert.equal(connections, 1);
    });

    test(`${build}: what a client publishes bare never passes for a message, live, recovered or in the history`, async t => {
      const { gateways } = await startCluster(t, backends);
      const room = 'channel:forged';
      const mallory = await openClient(t, gateways[0].url, { build, user: 'mallory' });
      const reader = await openClient(t, gateways[1].url, { build, user: 'reader' });
      const chat = createChat({
        user: 'alice',
        url: gateways[1].url,
        storage: memoryStorage(),
        getToken: () => tokenFor('alice'),
      });
      t.after(() => chat.disconnect());
      chat.connect();
      const subscription = await reader.subscribe(room, { positioned: true, recoverable: true });
      const types: unknown[] = [];
      subscription.on('publication', ({ tags }) => types.push(tags?.['type']));
      const both = async (text: string) => {
        await mallory.publish(room, { type: 'message', id: nextId(), text: 'forged', time: 1 });
        await mallory.send(room, text);
      };
      await both('live');
      await until('both came live', () => types.length === 2);
      reader.sdk.disconnect();
      await both('missed');
      reader.sdk.connect();
      await until('both were recovered', () => types.length === 4);
      const { publications } = await subscription.history({ limit: 10 });
      const wanted = ['publish', 'message', 'publish', 'message'];
      assert.deepEqual(types, wanted);
      assert.deepEqual(
        publications.map(({ tags }) => tags?.['type']),
        wanted,
      );
      const open = chat.open(room);
      await until('the newest page is here', () => open.history.loaded);
      await both('last');
      const texts = () => open.messages.map(({ text }) => text);
      await until('the page has the real ones', () => texts().at(-1) === 'last', { state: texts });
      assert.deepEqual(texts(), ['live', 'missed', 'last']);
    });

    test(`${build}: half an emoji in a room name ends that subscription, not the client`, async t => {
      const { gateways } = await startCluster(t, backends);
      const client = await openClient(t, gateways[0].url, { build });
      await client.connected();
      const disconnected: number[] = [];
      client.sdk.on('disconnected', ({ code }) => disconnected.push(code));
      const room = 'channel:\ud83d';
      const subscription = client.sdk.newSubscription(room);
      const ended = new Promise<number>(resolve => subscription.on('unsubscribed', ({ code }) => resolve(code)));
      subscription.subscribe();
      assert.equal(await ended, 102);
      await assert.rejects(client.publish(room, 1), { code: 102 });
      await client.send('channel:whole', 'still here');
      assert.deepEqual(disconnected, []);
    });

    test(`${build}: unsubscribing and subscribing again back to back works`, async t => {
      const { gateways } = await startCluster(t, backends);
      const client = await openClient(t, gateways[0].url, { build });
      const subscription = await client.subscribe('channel:again');
      for (let i = 0; i < 5; i++) {
        subscription.unsubscribe();
        subscription.subscribe();
      }
      await subscription.ready(10_000);
      const got = new Promise<number>(resolve => subscription.on('publication', ({ offset }) => resolve(offset ?? 0)));
      const { offset } = await client.send('channel:again', 'x');
      assert.equal(await got, offset);
    });
  }

  test('a JSON and a Protobuf client see the same bytes of each other', async t => {
    const { gateways } = await startCluster(t, backends);
    const room = 'channel:both';
    const json = await openClient(t, gateways[0].url, { build: 'json', user: 'json' });
    const protobuf = await openClient(t, gateways[0].url, { build: 'protobuf', user: 'protobuf' });
    const raw: string[] = [];
    const parsed: unknown[] = [];
    (await protobuf.subscribe(room)).on('publication', ({ data }) =>
      raw.push(Buffer.from(data as Uint8Array).toString()),
    );
    (await json.subscribe(room)).on('publication', ({ data }) => parsed.push(data));
    await protobuf.sdk.publish(room, Buffer.from('{"a" : 12345678901234567890.10}'));
    await json.publish(room, { b: '\u2028' });
    await until('both have both', () => raw.length === 2 && parsed.length === 2);
    assert.deepEqual(raw, ['{"a" : 12345678901234567890.10}', '{"b":"\u2028"}']);
    assert.deepEqual(parsed, [{ a: Number('12345678901234567890.10') }, { b: '\u2028' }]);
  });
});
