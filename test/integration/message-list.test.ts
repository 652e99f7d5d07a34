import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { PublicationContext } from 'centrifuge';
import { readEntry } from '../../server/fold/entry.ts';
import { RoomFold } from '../../server/fold/room-fold.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { integer, pick, seeded } from '../../tools/support/random.ts';
import { BUILDS, type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { foldedOf, type Items } from '../support/chat/folded-items.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
// What is stored leaves LOG soon, so that pages come from both.
const cluster = await startCluster({ after }, backends, {
  env: { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_DEDUPE_SECONDS: '10', CHAT_PURGE_SECONDS: '1' },
});
const [first, second] = cluster.gateways;

/** A client that folds what it gets. */
class Reader {
  readonly fold = new RoomFold();
  readonly offsets: number[] = [];
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  take({ offset = 0, data, tags, info }: PublicationContext): void {
    this.offsets.push(offset);
    const stamped = { type: tags?.['type'] ?? '', offset, user: info?.user ?? '' };
    const entry = readEntry(stamped, this.#client.value(data));
    if (entry) this.fold.add(entry);
  }
}

/** Subscribes to the room, from a position or from now. */
async function follow(client: Client, room: string, since?: { readonly offset: number; readonly epoch: string }) {
  const reader = new Reader(client);
  const subscription = client.sdk.newSubscription(room, since ? { since } : {});
  subscription.on('publication', publication => reader.take(publication));
  let isRecovered = false;
  subscription.on('subscribed', ({ recovered }) => {
    isRecovered = recovered;
  });
  subscription.subscribe();
  await subscription.ready(60_000);
  return { reader, isRecovered: () => isRecovered, end: () => client.sdk.removeSubscription(subscription) };
}

/** Sends, edits, deletes and reacts in any order until `isOver`. */
async function act(client: Client, room: string, random: () => number, isOver: () => boolean): Promise<void> {
  const known: { target: number; of: string }[] = [];
  for (let done = 0; !isOver(); done++) {
    const id = nextId();
    const send = async () => {
      const { offset: target } = await client.send(room, `text ${done}`, id);
      known.push({ target, of: id });
    };
    if (known.length < 3) await send();
    const about = pick(random, known);
    const change = (verb: string, params: object) => client.rpc(verb, { room, id, ...params });
    await pick(random, [
      send,
      send,
      () => change('message.edit', { ...about, text: `edit ${done}` }),
      () => change('message.react', { ...about, emoji: pick(random, ['👍', '🎉']), on: random() < 0.7 }),
      () => change('message.delete', { targets: [about] }),
    ])().catch((error: { readonly code?: number }) => {
      // The message is deleted already.
      if (error.code !== 410 && error.code !== 404) throw error;
    });
  }
}

/** Lists the whole room in pages, newest first, and follows it from the first one. */
async function listAndFollow(t: TestContext, room: string, random: () => number) {
  const client = await openClient(t, second.url, { user: 'reader' });
  const list = async (range: object) =>
    (await client.rpc('message.list', { room, limit: 1 + integer(random, 12), ...range })) as Items;
  let page = await list({});
  const followed = await follow(client, room, { offset: page.upto, epoch: page.epoch });
  const { fold } = followed.reader;
  while (page.items.length > 0) {
    for (const item of page.items) fold.addFolded(foldedOf(item), page.upto);
    page = await list({ before: page.items[0]?.offset });
  }
  return followed;
}

for (const build of BUILDS)
  test(`${build}: lists, and subscriptions from their positions, while messages, edits and deletes flow: no gap, no double`, async t => {
    const random = seeded(7);
    const room = `channel:list-${build}`;
    const author = await openClient(t, first.url, { build, user: 'ann' });
    const witness = await follow(author, room);
    let isOver = false;
    const acting = act(author, room, random, () => isOver);
    const followers: Awaited<ReturnType<typeof listAndFollow>>[] = [];
    let dropped = 0;
    // Some lists while LOG has everything, some when only MongoDB has the first messages.
    while (followers.length < 6 || (await cluster.firstOffset(room)) < 50) {
      followers.push(await listAndFollow(t, room, random));
      // Views are made again from LOG while the chat goes on.
      if (followers.length === 3)
        for (const name of ['folds', 'reactions'])
          dropped += (await cluster.collection(name).deleteMany({})).deletedCount;
    }
    isOver = true;
    await acting;
    followers.push(await listAndFollow(t, room, random));
    assert.ok(dropped > 0, 'nothing was dropped');
    const last = (await author.send(room, 'the end')).offset;
    const reached = (offsets: readonly number[]) => offsets.at(-1) === last;
    await until('all have the end', () => [witness, ...followers].every(({ reader }) => reached(reader.offsets)));
    const whole = witness.reader.fold.messages();
    assert.ok(whole.some(({ deleted }) => deleted > 0) && whole.some(({ reactions }) => reactions.length > 0));
    for (const { reader, isRecovered } of followers) {
      assert.ok(isRecovered());
      assert.deepEqual(
        reader.offsets,
        [...new Set(reader.offsets)].sort((a, b) => a - b),
        'in order, and once',
      );
      assert.deepEqual(reader.fold.messages(), whole);
    }
    t.diagnostic(`${followers.length} lists, first offset in the stream ${await cluster.firstOffset(room)} of ${last}`);
  });
