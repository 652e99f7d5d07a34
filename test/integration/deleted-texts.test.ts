import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { PublicationContext } from 'centrifuge';
import { names as namesOf, partitionOf } from '../../server/bus/names.ts';
import { readEntry } from '../../server/fold/entry.ts';
import { type FoldedMessage, RoomFold } from '../../server/fold/room-fold.ts';
import { startNatsCluster } from '../../tools/local/nats-cluster.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { type Cluster, startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const cluster = await startCluster({ after }, backends);
let rooms = 0;
const freshRoom = () => `channel:deleted-${rooms++}`;

interface Sent {
  readonly target: number;
  readonly of: string;
}

async function send(
  client: Client,
  room: string,
  text: string,
  replyTo?: { offset: number; id: string },
): Promise<Sent> {
  const of = nextId();
  const params = { room, id: of, text, ...(replyTo ? { replyTo } : {}) };
  const { offset } = (await client.rpc('message.send', params)) as { offset: number };
  return { target: offset, of };
}

const edit = (client: Client, room: string, sent: Sent, text: string) =>
  client.rpc('message.edit', { room, id: nextId(), ...sent, text });

async function remove(client: Client, room: string, targets: readonly Sent[]): Promise<number> {
  const { offset } = (await client.rpc('message.delete', { room, id: nextId(), targets })) as { offset: number };
  return offset;
}

/** Everything that a client gets of a room, and what it makes of it. */
class Reader {
  readonly received: { readonly offset: number; readonly type: string; readonly text: string }[] = [];
  readonly #fold = new RoomFold();
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  take({ offset = 0, data, tags, info }: PublicationContext): void {
    const value = this.#client.value(data);
    const type = tags?.['type'] ?? '';
    this.received.push({ offset, type, text: JSON.stringify(value) });
    const entry = readEntry({ type, offset, user: info?.user ?? '' }, value);
    if (entry) this.#fold.add(entry);
  }

  has(offset: number): boolean {
    return this.received.some(each => each.offset === offset);
  }

  messages(): FoldedMessage[] {
    return this.#fold.messages();
  }
}

/** Subscribes, from a position or from now. */
async function follow(client: Client, room: string, since?: { readonly offset: number; readonly epoch: string }) {
  const reader = new Reader(client);
  const subscription = client.sdk.newSubscription(room, since ? { since } : {});
  subscription.on('publication', publication => reader.take(publication));
  let recovered = false;
  subscription.on('subscribed', context => {
    recovered = context.recovered;
  });
  subscription.subscribe();
  await subscription.ready(60_000);
  return { reader, subscription, recovered: () => recovered, end: () => client.sdk.removeSubscription(subscription) };
}

/** Asks in every way for what a room has, and returns all answers as text. Asks once, right now. */
async function everyAnswer(client: Client, room: string, targets: readonly Sent[]): Promise<string> {
  const whole = { offset: 0, epoch: '' };
  const { reader, subscription, end } = await follow(client, room, whole);
  const pages = await Promise.all([
    subscription.history({ limit: 100, since: whole }),
    subscription.history({ limit: 100, reverse: true }),
  ]);
  end();
  const verbs = await Promise.all([
    client.rpc('message.list', { room, limit: 100 }),
    client.rpc('message.get', { room, ids: targets }),
  ]);
  const history = pages.flatMap(({ publications }) => publications.map(({ data }) => client.value(data)));
  return JSON.stringify([reader.received, history, verbs]);
}

/** Clients of both builds on both gateways. */
const everywhere = (t: TestContext, { gateways }: Cluster) =>
  Promise.all(
    gateways.flatMap(({ url }, index) =>
      BUILDS.map(build => openClient(t, url, { build, user: `reader-${index}-${build}` })),
    ),
  );

/** Writes, edits and deletes a message, and asks everybody at once: nobody gets a text of it. */
async function deleteAndAsk(t: TestContext, chat: Cluster, rounds: number): Promise<void> {
  const [first, second] = chat.gateways;
  const alice = await openClient(t, first.url);
  const elsewhere = await openClient(t, second.url);
  const readers = await everywhere(t, chat);
  for (let round = 0; round < rounds; round++) {
    const room = freshRoom();
    const isOpen = round % 2 === 0;
    const watching = isOpen ? await Promise.all(readers.map(client => follow(client, room))) : [];
    const sent = await send(alice, room, 'a secret');
    await edit(elsewhere, room, sent, 'a secret, edited');
    const kept = await send(alice, room, 'no news');
    const deleted = await remove(round % 4 < 2 ? alice : elsewhere, room, [sent]);
    // Those who watch have their tails struck when the delete has come to their gateway.
    for (const { reader } of watching) await until('the delete is there', () => reader.has(deleted));
    for (const { end } of watching) end();
    for (const answers of await Promise.all(readers.map(client => everyAnswer(client, room, [sent])))) {
      assert.doesNotMatch(answers, /secret/, `round ${round}`);
      assert.match(answers, /no news/);
    }
    await assert.rejects(edit(alice, room, sent, 'a secret again'), { code: 410 });
    await edit(alice, room, kept, 'old news');
  }
}

describe('deleted texts', { concurrency: 3 }, () => {
  test('from the answer to a delete on no gateway answers a text of it: not in recovery, not in history, not in lists', async t => {
    await deleteAndAsk(t, cluster, 12);
  });

  test('the same without any worker, and with LAST lost', async t => {
    const env = { CHAT_INSTANCE: `alone-${process.pid}`, CHAT_PARTITIONS: '1' };
    const alone = await startCluster(t, backends, { env });
    await alone.stopWorker();
    await deleteAndAsk(t, alone, 4);
    const connection = await connect({ servers: backends.nats.url });
    t.after(() => connection.close());
    await (await jetstreamManager(connection)).streams.delete(namesOf(env.CHAT_INSTANCE).lastStream(0));
    await deleteAndAsk(t, alone, 4);
    await alone.startWorker();
    await deleteAndAsk(t, alone, 4);
  });

  test('the same on three NATS servers, whose replicas lag behind each other', async t => {
    const nats = await startNatsCluster();
    t.after(() => nats.close());
    const three = await startCluster(t, { nats, mongo: backends.mongo }, { env: { CHAT_PARTITIONS: '1' } });
    await deleteAndAsk(t, three, 8);
  });

  test('once the worker is done, a deleted text is in no stream and in no collection', async t => {
    const room = freshRoom();
    const env = { CHAT_INSTANCE: `erased-${process.pid}`, CHAT_DEDUPE_SECONDS: '10' };
    const brief = await startCluster(t, backends, { env });
    const alice = await openClient(t, brief.gateways[0].url);
    const sent = await send(alice, room, 'a secret for nobody');
    await edit(alice, room, sent, 'a secret for nobody, edited');
    await remove(alice, room, [sent]);
    const connection = await connect({ servers: backends.nats.url });
    t.after(() => connection.close());
    const jsm = await jetstreamManager(connection);
    const all = await jsm.streams.list().next();
    const ours = all.filter(({ config }) => config.name.includes(`${env.CHAT_INSTANCE}_`));
    assert.ok(ours.length > 2 + partitionOf(room, 1));
    const leftIn = async (stream: string): Promise<number> => {
      const { state } = await jsm.streams.info(stream);
      let left = 0;
      for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
        const found = await jsm.streams.getMessage(stream, { seq }).catch(() => null);
        if (found && Buffer.from(found.data).includes('for nobody')) left += 1;
      }
      return left;
    };
    await until('it is erased', async () => {
      const left = await Promise.all(ours.map(({ config }) => leftIn(config.name)));
      const documents = await brief.collection('messages').countDocuments({ room, body: /for nobody/ });
      const texts = await brief.collection('messages').countDocuments({ room, text: /for nobody/ });
      return left.every(count => count === 0) && documents + texts === 0;
    });
  });

  for (const build of BUILDS)
    test(`who resumes gets the delete; beyond the window the stub, never the text (${build})`, async t => {
      const room = freshRoom();
      const alice = await openClient(t, cluster.gateways[0].url);
      const bob = await openClient(t, cluster.gateways[1].url, { build, user: 'bob' });
      const { reader, end } = await follow(bob, room);
      const carol = await openClient(t, cluster.gateways[1].url, { user: 'carol' });
      const watching = await follow(carol, room);
      const sent = await send(alice, room, 'a secret');
      await until('it is there', () => reader.has(sent.target));
      const position = { offset: sent.target, epoch: (await alice.send(room, 'between')).epoch };
      end();
      await edit(alice, room, sent, 'a secret, edited');
      const unseen = await send(alice, room, 'another secret');
      const deleted = await remove(alice, room, [sent, unseen]);
      await until('the delete has come to the gateway', () => watching.reader.has(deleted));
      const back = await follow(bob, room, position);
      assert.equal(back.recovered(), true);
      await until('the delete is there', () => back.reader.has(deleted));
      assert.doesNotMatch(JSON.stringify(back.reader.received), /secret/);
      const stubs = () => back.reader.messages().map(({ offset, text, deleted: at }) => [offset, text, at]);
      assert.deepEqual(
        stubs().filter(([, , at]) => at !== 0),
        [
          [sent.target, '', deleted],
          [unseen.target, '', deleted],
        ],
      );
      back.end();

      const far = { ...position, epoch: 'another' };
      const again = await follow(bob, room, far);
      assert.equal(again.recovered(), false);
      again.end();
      const answers = await everyAnswer(bob, room, [sent, unseen]);
      assert.doesNotMatch(answers, /secret/);
      const { items } = (await bob.rpc('message.list', { room })) as { items: { offset: number; deleted?: number }[] };
      assert.deepEqual(
        items.filter(item => item.deleted).map(({ offset }) => offset),
        [sent.target, unseen.target],
      );
    });

  test('a delete wins over every edit, in whatever order they come and wherever they are read', async t => {
    const [first, second] = cluster.gateways;
    const alice = await openClient(t, first.url);
    const phone = await openClient(t, second.url, { build: 'protobuf' });
    const readers = await everywhere(t, cluster);
    for (let round = 0; round < 10; round++) {
      const room = freshRoom();
      const sent = await send(alice, room, 'first');
      const watching = await Promise.all(readers.map(client => follow(client, room)));
      const changes = [
        ...Array.from({ length: 4 }, (_, i) =>
          edit(i % 2 ? alice : phone, room, sent, `secret ${i}`).catch(() => null),
        ),
        remove(round % 2 ? alice : phone, room, [sent]),
        phone.rpc('message.react', { room, id: nextId(), ...sent, emoji: '👍', on: true }).catch(() => null),
      ];
      await Promise.all(changes);
      const last = await alice.send(room, 'done');
      const deleted = await (changes[4] as Promise<number>);
      for (const { reader } of watching) {
        await until('all is there', () => reader.has(last.offset));
        const [message] = reader.messages().filter(({ offset }) => offset === sent.target);
        // A reader that came after the message knows it by its delete alone.
        assert.deepEqual([message?.deleted, message?.text, message?.reactions], [deleted, '', []], `round ${round}`);
        const later = reader.received.filter(({ offset, type }) => offset > deleted && type === 'edit');
        assert.deepEqual(later, [], 'an edit that comes after the delete is dropped');
      }
      for (const { end } of watching) end();
      for (const client of readers) assert.doesNotMatch(await everyAnswer(client, room, [sent]), /secret/);
    }
  });

  test('an answer quotes by reference: with the message its text is gone from every answer', async t => {
    const room = freshRoom();
    const alice = await openClient(t, cluster.gateways[0].url);
    const bob = await openClient(t, cluster.gateways[1].url, { build: 'protobuf', user: 'bob' });
    const sent = await send(alice, room, 'a secret');
    const replyTo = { offset: sent.target, id: sent.of };
    const reply = await send(bob, room, 'I know', replyTo);
    const { reader } = await follow(alice, room, { offset: 0, epoch: '' });
    await until('the reply is there', () => reader.has(reply.target));
    assert.deepEqual(reader.messages().at(-1)?.replyTo, replyTo);
    await remove(alice, room, [sent]);
    const answers = await everyAnswer(bob, room, [sent, reply]);
    assert.doesNotMatch(answers, /secret/);
    assert.match(answers, /I know/);
    assert.match(answers, new RegExp(sent.of), 'the reference stays');
    await assert.rejects(send(bob, room, 'what was it?', replyTo), { code: 410 });
  });
});
