import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const file = { after };
const backends = await startBackends(file);
const external = !backends.mongo.controllable && 'the MongoDB of MONGODB_URI cannot be stopped from here';
/** Options by which stored messages leave LOG as soon as they may, so that MongoDB counts the first ones. */
const env = { CHAT_HOT_WINDOW_SECONDS: '0', CHAT_DEDUPE_SECONDS: '10', CHAT_PURGE_SECONDS: '1' };
const cluster = await startCluster(file, backends, { env });
const at = (t: Parameters<typeof person>[0], gateway: 0 | 1, user: string) =>
  person(t, cluster.gateways[gateway].url, user);

const itemOf = async (user: Person, room: string) => (await user.act('unread', { rooms: [room] })).items[0];
const count = async (user: Person, room: string) => (await itemOf(user, room))?.n;

async function send(user: Person, room: string) {
  const of = nextId();
  const { offset: target } = await user.act('message.send', { room, id: of, text: 'Hi' });
  return { target, of };
}

const isPurged = async (room: string, { target }: { readonly target: number }) =>
  await until('LOG does not have it any more', async () => (await cluster.firstOffset(room)) > target, { ms: 60_000 });

test('messages count on every gateway at once: what is deleted, hidden, blocked or read does not, from MongoDB and from LOG', async t => {
  const ann = await at(t, 0, 'ann');
  const eve = await at(t, 0, 'eve');
  const [phone, laptop] = [await at(t, 0, 'bob'), await at(t, 1, 'bob')];
  const { room } = await ann.act('room.create', { kind: 'group', members: ['bob', 'eve'] });
  const isRight = async (n: number) => assert.deepEqual([await count(phone, room), await count(laptop, room)], [n, n]);
  const old = [await send(ann, room), await send(ann, room), await send(eve, room), await send(phone, room)] as const;
  await isRight(3);
  await isPurged(room, old[3]);
  await isRight(3);
  await send(ann, room);
  await send(eve, room);
  await isRight(5);
  await ann.act('message.edit', { room, ...old[0], text: 'Hello' });
  await isRight(5);
  await ann.act('message.delete', { room, targets: [old[0]] });
  await isRight(4);
  await phone.act('message.delete', { room, targets: [old[1]], scope: 'me' });
  await isRight(3);
  assert.equal(await count(eve, room), 3, 'a hide is of one user, a delete of all');
  await phone.act('block.add', { user: 'eve' });
  await until('both leave out who is blocked', async () => (await count(laptop, room)) === 1);
  await isRight(1);
  await phone.act('block.remove', { user: 'eve' });
  await until('both count again', async () => (await count(laptop, room)) === 3);
  await isRight(3);
  const last = await send(ann, room);
  await isRight(4);
  await phone.act('receipt.mark', { marks: [{ room, read: last.target }] });
  await isRight(0);
  await phone.act('receipt.mark', { marks: [{ room, read: old[1].target }] });
  await isRight(0);
  await until('the list says it too', async () => (await laptop.act('room.list', {})).items[0]?.n === 0);
});

test('50 sends, deletes and marks at the same time: a count is between none and all, and at last that of the messages', async t => {
  const ann = await at(t, 0, 'ann');
  const [phone, laptop] = [await at(t, 0, 'ben'), await at(t, 1, 'ben')];
  const { room } = await ann.act('room.create', { kind: 'group', members: ['ben'] });
  const counts: unknown[] = [];
  const marks: number[] = [];
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const author = index % 5 === 0 ? phone : ann;
      const message = await send(author, room);
      if (index % 7 === 0) await author.act('message.delete', { room, targets: [message] });
      if (index % 4 === 0) {
        const read = Math.max(1, message.target - 20);
        marks.push(read);
        await (index % 8 === 0 ? phone : laptop).act('receipt.mark', { marks: [{ room, read }] });
      }
      counts.push(await count(index % 2 === 0 ? phone : laptop, room));
    }),
  );
  for (const n of counts) assert.ok(typeof n === 'number' && n >= 0 && n <= 50, `${n}`);
  const { items } = await ann.act('message.list', { room, limit: 100 });
  const mark = Math.max(...marks);
  const expected = items.filter(({ offset, user, deleted }) => offset > mark && user !== 'ben' && !deleted).length;
  assert.ok(expected > 0);
  assert.deepEqual([await count(phone, room), await count(laptop, room)], [expected, expected]);
  await until('MongoDB has all', async () => (await cluster.firstOffset(room)) > Math.max(...items.map(i => i.offset)));
  assert.deepEqual([await count(phone, room), await count(laptop, room)], [expected, expected]);
});

test('while MongoDB is away rooms are counted that LOG tells all about, and the others later', {
  skip: external,
}, async t => {
  const ann = await at(t, 0, 'ann');
  const bob = await at(t, 1, 'kim');
  const { room } = await ann.act('room.create', { kind: 'group', members: ['kim'] });
  const other = (await ann.act('room.create', { kind: 'group', members: ['kim'] })).room;
  for (const each of [room, other]) await isPurged(each, await send(ann, each));
  await until('POLICY is complete', async () => await cluster.policyComplete());
  const { target } = await send(ann, room);
  await bob.act('receipt.mark', {
    marks: [
      { room, read: target - 1 },
      { room: other, read: 1 },
    ],
  });
  await backends.mongo.stop();
  t.after(() => backends.mongo.start());
  await send(ann, room);
  await send(ann, other);
  const { items } = await bob.act('unread', { rooms: [room, other] });
  assert.deepEqual(
    items.map(({ n }) => n),
    [2, null],
  );
  await backends.mongo.start();
  await until('the other is counted', async () => (await count(bob, other)) === 2, { ms: 60_000 });
  assert.equal(await count(bob, room), 2);
});
