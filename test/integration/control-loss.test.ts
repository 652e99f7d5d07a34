import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import type { CallError } from '../../client/call-error.ts';
import type { Chat } from '../../client/chat.ts';
import { startMongo } from '../../tools/local/mongo.ts';
import { type LocalNats, startNats } from '../../tools/local/nats.ts';
import { nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { answered } from '../support/chat/answered.ts';
import { startClient } from '../support/chat/dev-client.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { copyStreams } from '../support/chat/stream-files.ts';

const mongo = await startMongo();
after(() => mongo.close());
const env = { CHAT_DEV_SIGN_IN: 'Enabled', CHAT_PARTITIONS: '1', CHAT_RECHECK_SECONDS: '2' };

const membersOf = (chat: Chat, room: string) => chat.open(room).info.members.map(({ user, rank }) => `${rank} ${user}`);

/** Waits until an open room has these members, as one user sees them. */
async function haveMembers(chat: Chat, room: string, ...expected: string[]): Promise<void> {
  chat.open(room).info.open();
  const state = () => membersOf(chat, room);
  await until(`${chat.user} sees ${expected}`, () => state().join() === expected.join(), { state });
}

interface Loss {
  readonly name: string;
  /** Streams that lose what came after the first acts. */
  readonly streams: RegExp;
  /** False: the worker sees nothing of what is lost. */
  readonly stored: boolean;
  /** Acts that are lost for ever: they are in no stream and not in MongoDB. */
  readonly gone?: true;
}

const LOSSES: readonly Loss[] = [
  { name: 'all streams, and MongoDB has more', streams: /./, stored: true },
  { name: 'the bucket POLICY alone', streams: /_POLICY$/, stored: true },
  { name: 'LOG, and MongoDB has more', streams: /_(LOG|LIVE)_/, stored: true },
  { name: 'LOG, and MongoDB has not more', streams: /_(LOG|LIVE)_/, stored: false },
  { name: 'all streams, and MongoDB has not more', streams: /./, stored: false, gone: true },
];

// Each loss has a server of its own to kill, so that their waits, nearly all of the time, are one.
const servers = await Promise.all(LOSSES.map(async loss => ({ loss, nats: await startNats() })));
after(() => Promise.all(servers.map(({ nats }) => nats.close())).then(() => undefined));

describe('a power loss takes the last acts on a room: a kick works, and all agree on the members', {
  concurrency: true,
}, () => {
  for (const { loss, nats } of servers) test(`from ${loss.name}`, t => lose(t, nats, loss));
});

async function lose(t: TestContext, nats: LocalNats, { streams, stored, gone }: Loss): Promise<void> {
  const cluster = await startCluster(t, { nats, mongo }, { env });
  const [first, second] = cluster.gateways;
  const ann = startClient(t, 'ann', first.port);
  const bobs = [startClient(t, 'bob', first.port), startClient(t, 'bob', second.port)];
  const eve = startClient(t, 'eve', second.port);
  const everybody = [ann, ...bobs, eve];
  const { room } = await ann.act('room.create', { kind: 'group', name: 'Tea', members: ['bob', 'eve'] });
  for (const chat of everybody) await haveMembers(chat, room, 'owner ann', 'member bob', 'member eve');
  const versionIn = async (where: 'policy' | 'mongo') =>
    where === 'policy'
      ? (await cluster.policy({ room }))?.cv
      : ((await cluster.collection('rooms').findOne({ _id: room as never }))?.['cv'] as number | undefined);
  await until('POLICY is complete', async () => await cluster.policyComplete());
  await until('MongoDB has the room', async () => (await versionIn('mongo')) === 1);
  const quiet = (await ann.act('room.create', { kind: 'group', name: 'Quiet', members: ['bob'] })).room;
  const isNoted = async () => ((await cluster.policyProgress(quiet))?.at ?? 0) >= (await cluster.lastOffset(quiet));
  await until('POLICY has all of the log', isNoted);

  if (!stored) await cluster.stopWorker();
  await nats.stop();
  const copy = copyStreams(nats);
  await nats.start();
  await until('the room takes acts', async () => await again(() => ann.act('room.add', { room, users: ['dan'] })));
  await until(
    'and another',
    async () => await again(() => ann.act('room.role', { room, user: 'eve', role: 'moderator' })),
  );
  ann.open(room).send('hello');
  for (const chat of everybody) await haveMembers(chat, room, 'owner ann', 'moderator eve', 'member bob', 'member dan');
  await until('all have the message', () => everybody.every(chat => chat.open(room).messages.at(-1)?.text === 'hello'));
  const join = { room: 'channel:news', id: nextId() };
  await until('eve joins a channel', async () => await again(() => eve.act('room.join', join)));
  const isStored = async () => await cluster.collection('members').findOne({ room: join.room, user: 'eve' });
  if (stored) await until('MongoDB has the acts', async () => (await versionIn('mongo')) === 3 && (await isStored()));
  await nats.kill();
  copy.restore(streams);
  await nats.start();
  if (!stored) await cluster.startWorker();

  await until('bob is kicked', async () => await again(() => ann.act('room.kick', { room, user: 'bob' })), {
    ms: 60_000,
  });
  await until('bob is out', () => bobs.every(chat => chat.open(room).status.phase === 'refused'));
  ann.open(room).send('after the kick');
  await until('the others have it', () =>
    [ann, eve].every(chat => chat.open(room).messages.at(-1)?.text === 'after the kick'),
  );
  const kicks = await Promise.all(cluster.gateways.map(async ({ url }) => await kicksOf(t, url, room)));
  assert.equal(kicks[0]?.length, 1);
  assert.deepEqual(kicks[1], kicks[0]);
  for (const chat of bobs) assert.ok(chat.open(room).messages.every(({ text }) => text !== 'after the kick'));
  const listed = async (chat: Chat) =>
    (await answered(() => chat.call('room.members', { room }))).users.map(({ user, role }) => `${role} ${user}`);
  const expected = await listed(ann);
  const kept = ['owner ann', 'moderator eve', 'member dan'];
  // A gateway that had the room open may still know acts that are in no stream and not in MongoDB.
  if (gone && expected.length < 3) assert.deepEqual(expected, ['owner ann', 'member eve']);
  else assert.deepEqual(expected, kept);
  for (const chat of [ann, eve]) {
    await haveMembers(chat, room, ...expected);
    assert.deepEqual(await listed(chat), expected);
  }
  const { cv } = await answered(() => ann.call('room.get', { room }));
  await until(
    'MongoDB and POLICY agree',
    async () => (await versionIn('mongo')) === cv && (await versionIn('policy')) === cv,
  );
  // Whom a loss took out again is told nothing; the others have the room in their lists.
  if (expected.includes('member dan')) {
    const dan = startClient(t, 'dan', second.port);
    const lists = async () => (await dan.call('room.list', {})).items.some(item => item.room === room);
    await until('dan has the room', lists);
    await haveMembers(dan, room, ...expected);
  }
  // New gateways, with empty memories, say the same. A gateway of another test may get the port of an old one.
  for (const chat of everybody) chat.disconnect();
  await cluster.restartGateways();
  const [third] = cluster.gateways;
  const moved = startClient(t, 'eve', third.port);
  const lists = async () => (await moved.call('room.list', {})).items.some(item => item.room === join.room);
  if (!gone) await until('eve has the channel', lists);
  await haveMembers(moved, room, ...expected);
  const back = startClient(t, 'bob', third.port);
  await assert.rejects(back.call('room.get', { room }), { code: 103 });

  // After a wipe POLICY has all of it again, and a room that lost nothing goes on as it is, also in an epoch that followed another one.
  await until('POLICY has the log', isNoted, { ms: 60_000 });
  const quietVersion = (await cluster.policy({ room: quiet }))?.cv;
  await cluster.wipePolicy();
  await until('POLICY is filled', async () => await cluster.policyComplete(), { ms: 60_000 });
  await until('it has the log', isNoted, { ms: 60_000 });
  assert.equal((await cluster.policy({ room: quiet }))?.cv, quietVersion);
  assert.equal(await versionIn('policy'), cv);
  if (stored) assert.ok(await lists());
}

/** Offsets of the kicks in a room, as a member reads them from one gateway. */
async function kicksOf(t: TestContext, url: string, room: string): Promise<(number | undefined)[]> {
  const client = await openClient(t, url, { user: 'eve' });
  const { publications } = await answered(() => client.sdk.history(room, { limit: 100 }));
  return publications
    .filter(({ data }) => (client.value(data) as { readonly act?: string }).act === 'kick')
    .map(({ offset }) => offset);
}

/** True once a call succeeds; false while its error is temporary. */
async function again(call: () => Promise<unknown>): Promise<boolean> {
  return await call().then(
    () => true,
    (error: CallError) => {
      if (error.temporary) return false;
      throw error;
    },
  );
}
