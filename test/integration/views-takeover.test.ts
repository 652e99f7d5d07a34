import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { CLIENT_PATHS } from '../../server/contract/ports.ts';
import { readEntry } from '../../server/fold/entry.ts';
import { RoomFold } from '../../server/fold/room-fold.ts';
import { loadConfig } from '../../server/settings/config.ts';
import { mongoStore } from '../../server/store/mongo.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { metric } from '../../tools/support/metrics.ts';
import { integer, pick, seeded } from '../../tools/support/random.ts';
import { type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { MixedChat, type Process } from '../skew/mixed-chat.ts';
import { inspect } from '../support/chat/inspect.ts';

const backends = await startBackends({ after });
const SOURCES = join(import.meta.dirname, '../..');
const whole = { after: 0, before: Number.POSITIVE_INFINITY, limit: 100_000, reverse: false };

/** True if a worker folds `views` of the only partition. */
const holds = async ({ adminPort }: Process) =>
  (await metric(adminPort, 'chatcluster_fold_leases', { fold: 'views' })) > 0;
const folded = ({ adminPort }: Process) => metric(adminPort, 'chatcluster_folded_entries_total', { fold: 'views' });

/** Follows a room from its first entry on. */
async function witness(client: Client, room: string) {
  const fold = new RoomFold();
  const offsets: number[] = [];
  const subscription = client.sdk.newSubscription(room, { minResubscribeDelay: 20 });
  subscription.on('publication', ({ offset = 0, data, tags, info }) => {
    offsets.push(offset);
    const entry = readEntry({ type: tags?.['type'] ?? '', offset, user: info?.user ?? '' }, client.value(data));
    if (entry) fold.add(entry);
  });
  subscription.subscribe();
  await subscription.ready(60_000);
  return { fold, offsets };
}

/** Acts in a room until the returned function is called: several users, on the last messages. */
function busy(t: TestContext, clients: readonly Client[], room: string, random: () => number) {
  const known: { target: number; of: string }[] = [];
  let isOver = false;
  const acting = clients.map(async (client, index) => {
    for (let done = 0; !isOver; done++) {
      const id = nextId();
      const change = (verb: string, params: object) => client.rpc(verb, { room, id, ...params });
      const about = known.at(-1 - integer(random, 5));
      const send = async () => {
        const { offset: target } = await client.send(room, `text ${done}`, id);
        known.push({ target, of: id });
      };
      const acts = about
        ? [
            send,
            () => change('message.edit', { ...about, text: `edit ${done}` }),
            () => change('message.react', { ...about, emoji: pick(random, ['👍', '🎉']), on: random() < 0.7 }),
            () => change('message.react', { ...about, emoji: '🎉', on: true }),
            () => change('message.delete', random() < 0.3 ? { targets: [about] } : { targets: [about], scope: 'me' }),
            () => change('room.add', { users: [`guest-${index}-${done}`] }),
          ]
        : [send];
      await pick<() => Promise<unknown>>(random, acts)().catch((error: { readonly code?: number }) => {
        // Another's message, one that is deleted, or an act that another user's was before.
        if (![103, 404, 409, 410].includes(error.code ?? 0)) throw error;
      });
    }
  });
  const ended = Promise.all(acting);
  t.after(() => {
    isOver = true;
  });
  return async () => {
    isOver = true;
    await ended;
  };
}

test('a worker process that is killed while it folds views is replaced by another: MongoDB has the fold of the log, and nothing twice', async t => {
  const chat = new MixedChat(t, backends, { CHAT_PARTITIONS: '1' });
  let workers = [await chat.worker(SOURCES, 'worker-0', 1), await chat.worker(SOURCES, 'worker-1', 1)];
  const gateway = await chat.gateway(SOURCES, 'gateway');
  const url = `ws://127.0.0.1:${gateway.port}${CLIENT_PATHS.websocket}`;
  const ann = await openClient(t, url, { user: 'ann' });
  const bob = await openClient(t, url, { user: 'bob' });
  const made = await ann.rpc('room.create', { id: nextId(), kind: 'group', name: 'Tea' });
  const { room } = made as { readonly room: string };
  await ann.rpc('room.add', { room, id: nextId(), users: ['bob'] });
  const { fold, offsets } = await witness(bob, room);
  const stop = busy(t, [ann, bob], room, seeded(11));

  for (let kills = 1; kills <= 2; kills++) {
    let holder: Process | undefined;
    await until('a worker folds', async () => {
      for (const worker of workers) if (await holds(worker)) holder = worker;
      return holder !== undefined;
    });
    const killed = holder as Process;
    const before = await folded(killed);
    await until('it folds more', async () => (await folded(killed)) > before + 20);
    await chat.stop(killed, 'kill');
    workers = [...workers.filter(worker => worker !== killed), await chat.worker(SOURCES, `worker-${kills + 1}`, 1)];
    await until('another folds', async () => (await Promise.all(workers.map(folded))).some(count => count > 20), {
      ms: 60_000,
    });
  }
  await stop();
  const last = (await bob.send(room, 'the end')).offset;
  await until('the client has all', () => offsets.at(-1) === last);

  const config = loadConfig('standalone', chat.env);
  const { collection, lastOffset } = await inspect(t, config);
  const store = mongoStore(config.mongodbUri, `chat_${config.instance}`);
  t.after(() => store.close());
  await until('all is folded', async () => (await store.readPosition(0))?.at === (await lastOffset(room)), {
    ms: 60_000,
    state: async () => [await store.readPosition(0), await lastOffset(room)],
  });
  const messages = fold.messages();
  assert.ok(messages.some(({ deleted }) => deleted > 0) && messages.some(({ reactions }) => reactions.length > 0));
  assert.deepEqual((await store.readFolded(room, whole)).messages, messages);

  const state = await store.room(room);
  const members = await collection('members').find({ room, state: 'member' }).toArray();
  assert.equal(members.length, state?.count);
  const guests = members.map(({ user }) => user as string).filter(user => user.startsWith('guest'));
  const noticed = () =>
    collection('messages')
      .find({ room: /^user:guest/, type: 'member' })
      .toArray();
  await until('each guest was told', async () => (await noticed()).length >= guests.length, {
    ms: 60_000,
    state: async () => [(await noticed()).length, guests.length],
  });
  assert.deepEqual(
    (await noticed()).map(({ room: inbox }) => inbox as string).sort(),
    guests.map(user => `user:${user}`).sort(),
    'each guest was told once',
  );
  const documents = await collection('messages').find().toArray();
  assert.equal(new Set(documents.map(({ offset }) => offset)).size, documents.length, 'no entry is stored twice');
  const ofRoom = documents.filter(each => each['room'] === room);
  const stored = new Set(ofRoom.map(({ offset }) => offset as number));
  assert.deepEqual(
    offsets.filter(offset => !stored.has(offset)),
    [],
    'every entry is stored',
  );
  assert.equal(state?.cv, ofRoom.filter(({ cv }) => cv > 0).length);
  const hides = documents.filter(({ type }) => type === 'hide');
  const hidden = new Set(
    hides.map(({ user, targets, body }) => `${user} ${targets} ${JSON.parse(body).targets[0].target}`),
  );
  assert.equal((await collection('hides').find().toArray()).length, hidden.size);
});
