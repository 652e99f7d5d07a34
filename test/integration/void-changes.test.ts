import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { PublicationContext } from 'centrifuge';
import { readEntry } from '../../server/fold/entry.ts';
import { RoomFold } from '../../server/fold/room-fold.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { answered, patient } from '../support/chat/answered.ts';
import { type Cluster, startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
// Entries leave LOG as soon as they may, so that reads come to MongoDB.
const env = { CHAT_DEDUPE_SECONDS: '10', CHAT_HOT_WINDOW_SECONDS: '0', CHAT_PURGE_SECONDS: '1' };

/** Texts and reactions of a room by each way to read it, the same for all of them. */
async function readings(reader: Person, room: string) {
  const foldOf = (publications: readonly PublicationContext[]) => {
    const fold = new RoomFold();
    for (const { offset = 0, data, tags, info } of publications) {
      const entry = readEntry({ type: tags?.['type'] ?? '', offset, user: info?.user ?? '' }, reader.value(data));
      if (entry) fold.add(entry);
    }
    return fold.messages().map(({ offset, text, deleted, reactions }) => [offset, text, deleted, reactions.length]);
  };
  const position = { offset: 0, epoch: (await answered(() => reader.sdk.history(room, { limit: 0 }))).epoch };
  const subscription = reader.sdk.newSubscription(room, { since: position });
  const recovered: PublicationContext[] = [];
  subscription.on('publication', publication => recovered.push(publication));
  const whole = new Promise<boolean>(resolve => subscription.on('subscribed', context => resolve(context.recovered)));
  subscription.subscribe();
  assert.equal(await whole, true);
  const forward = await answered(() => subscription.history({ limit: 100, since: position }));
  const backward = await answered(() => subscription.history({ limit: 100, reverse: true }));
  const [last] = (await answered(() => subscription.history({ limit: 1, reverse: true }))).publications;
  await until('all is recovered', () => recovered.at(-1)?.offset === last?.offset);
  subscription.unsubscribe();
  reader.sdk.removeSubscription(subscription);
  const { items } = await reader.act('message.list', { room });
  const listed = items.map(({ offset, text = '', deleted = 0, reactions = [] }) => [
    offset,
    text,
    deleted,
    reactions.length,
  ]);
  return {
    recovered: foldOf(recovered),
    forward: foldOf(forward.publications),
    backward: foldOf(backward.publications),
    listed,
    entries: recovered.map(({ offset }) => offset),
    last: last?.offset,
  };
}

/** Reads a room on every gateway, with both builds of the SDK, without a subscription before that. */
async function everywhere(t: TestContext, cluster: Cluster, room: string) {
  const readers = await Promise.all(
    cluster.gateways.flatMap(({ url }) => BUILDS.map(build => person(t, url, 'eve', { build }))),
  );
  return await Promise.all(readers.map(reader => readings(patient(reader), room)));
}

test('what a moderator was doing while it was kicked changes nothing, wherever and whenever a room is read', async t => {
  const cluster = await startCluster(t, backends, { env });
  const ann = patient(await person(t, cluster.gateways[0].url, 'ann'));
  const bob = patient(await person(t, cluster.gateways[0].url, 'bob'));
  const eve = patient(await person(t, cluster.gateways[1].url, 'eve'));
  const { room } = await ann.act('room.create', { kind: 'group', name: 'Tea', members: ['bob', 'eve'] });
  await ann.act('room.role', { room, user: 'bob', role: 'moderator' });
  const send = async (by: Person, text: string) => {
    const of = nextId();
    return { target: (await by.send(room, text, of)).offset, of };
  };
  const [hers, his] = [await send(ann, 'of ann'), await send(bob, 'of bob')];
  const live: number[] = [];
  const watching = await eve.subscribe(room);
  watching.on('publication', ({ offset = 0 }) => void live.push(offset));
  const seen = (await until('POLICY has the role', async () => await cluster.policy({ room }))).cv;
  await ann.act('room.kick', { room, user: 'bob' });
  const bobDoes = (type: 'edit' | 'delete' | 'reaction', of: typeof hers, content: object) =>
    cluster.publishChange(room, 'bob', seen, { type, targets: [of.target], content });
  const late = [
    await bobDoes('delete', hers, { targets: [{ ...hers, user: 'ann', time: 1 }] }),
    await bobDoes('edit', his, { ...his, text: 'too late' }),
    await bobDoes('reaction', hers, { ...hers, emoji: '🙊', on: true }),
    await cluster.publishSeen(room, 'bob', seen, 'too late'),
  ];
  const check = async (when: string) => {
    const expected = [
      [hers.target, 'of ann', 0, 0],
      [his.target, 'of bob', 0, 0],
    ];
    for (const { entries, last, ...views } of await everywhere(t, cluster, room)) {
      for (const [how, messages] of Object.entries(views)) assert.deepEqual(messages, expected, `${how}, ${when}`);
      assert.deepEqual(
        late.filter(offset => entries.includes(offset) || last === offset),
        [],
        when,
      );
    }
  };
  await check('at once');
  await cluster.restartGateways();
  await check('with empty memories');
  const documents = async () =>
    await cluster
      .collection('messages')
      .find({ room, offset: { $in: late } })
      .toArray();
  await until(
    'MongoDB has none of their bodies',
    async () => {
      const found = await documents();
      return found.length === late.length && found.every(({ deleted, offset }) => deleted === offset);
    },
    { state: documents },
  );
  assert.doesNotMatch(JSON.stringify(await documents()), /too late|🙊|targets":\[\{/);
  await check('with the worker done');
  await until('LOG has forgotten them', async () => (await cluster.firstOffset(room)) > Math.max(...late));
  await check('with MongoDB alone');
  await cluster.restartGateways();
  await check('with MongoDB alone and empty memories');
  const again = patient(await person(t, cluster.gateways[1].url, 'ann'));
  await again.act('message.edit', { room, ...hers, text: 'of ann, edited' });
  assert.deepEqual(
    live.filter(offset => late.includes(offset)),
    [],
  );
});
