import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { digests as lastDigests } from '../../server/bus/digests.ts';
import { foldLog } from '../../server/bus/fold-log.ts';
import { policyKv } from '../../server/bus/policy-kv.ts';
import { roomLog } from '../../server/bus/room-log.ts';
import { foldControl } from '../../server/fold/control-fold.ts';
import { NO_ROOM } from '../../server/fold/room-state.ts';
import { readRoomState } from '../../server/fold/room-state-json.ts';
import { directRoom } from '../../server/membership/direct-room.ts';
import { progressKey } from '../../server/membership/policy-progress.ts';
import type { UserRoom } from '../../server/membership/room-states.ts';
import { partKey, readDocument, userRoomOf } from '../../server/membership/user-documents.ts';
import { controlOf } from '../../server/room/control-lane.ts';
import { type MongoStore, mongoStore } from '../../server/store/mongo.ts';
import { systemClock } from '../../server/time/clock.ts';
import { Runner } from '../../server/worker/fold/runner.ts';
import { WorkerMetrics } from '../../server/worker/metrics.ts';
import { stateFold } from '../../server/worker/worker-folds.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { type StoreBench, storeBench, streamsReady } from '../../tools/support/store-bench.ts';
import { until } from '../../tools/support/until.ts';
import { publishContact } from '../support/chat/contact-entries.ts';
import { publishControl, publishSeen } from '../support/chat/control-entries.ts';
import { created } from '../support/chat/control-log.ts';
import { faultyNats } from '../support/chat/faulty-nats.ts';
import { isFilled } from '../support/chat/filled-policy.ts';
import { repeatedIn } from '../support/chat/inbox-of.ts';

const backends = await startBackends({ after });
const USERS = ['ann', 'bob', 'eve', 'dan', 'fay'];

/** Requests of the fold, by what they do. */
const STEPS: Readonly<Record<string, (names: StoreBench['names']) => (subject: string) => boolean>> = {
  'read of POLICY': names => subject => subject === `$JS.API.STREAM.MSG.GET.KV_${names.policyBucket}`,
  'read of an entry': names => subject => subject === `$JS.API.STREAM.MSG.GET.${names.logStream(0)}`,
  'write of a room': names => subject => subject.startsWith(`$KV.${names.policyBucket}.r.`),
  'write of a user': names => subject => subject.startsWith(`$KV.${names.policyBucket}.u.`),
  'notice to a user': names => subject => subject.startsWith(names.logSubjects(0).replace('*', '')),
  'write of a digest': names => subject =>
    subject.startsWith(names.lastSubjects(0).replace('*', '')) && subject !== names.lastMark(0),
  'write of the position': names => subject => subject === names.lastMark(0),
};

const DM = directRoom('ann', 'bob');

/** Requests of the fold that takes a block to the room of the two. */
const BLOCK_STEPS: typeof STEPS = {
  'write of a pair': names => subject =>
    subject.startsWith(`$KV.${names.policyBucket}.p.`) && !/\.p\.\d+$/.test(subject),
  'entry of a block': names => subject => subject === names.log(0, DM),
};

/** A stream without a worker; a test runs the fold. */
async function stateBench(t: TestContext) {
  const bench = await storeBench(t, backends);
  const { names, nats, jsm, config } = bench;
  const worker = await bench.worker();
  await streamsReady(worker);
  await worker.stop();
  const store = mongoStore(backends.mongo.uri, names.database);
  t.after(() => store.close());
  /** MongoDB as the fold looks for notices in it. */
  const away: { is: boolean; readonly store: MongoStore } = {
    is: false,
    store: withoutNotices(store, () => away.is),
  };
  const log = roomLog(nats, nats, { names, partitions: 1, publishTimeoutMs: () => 3_000, now: systemClock.now });
  const silent = pino({ level: 'silent' });
  let lease = Date.now(); // above that of the worker, which may have folded
  const metrics = new WorkerMetrics();
  /** Called at each step of the fold; true kills the worker there. */
  const steps: { kills: (step: string) => boolean } = { kills: () => false };
  /** Starts a worker. The returned function kills it: nothing that it begins reaches NATS any more. */
  const start = (): (() => void) => {
    const ended = new AbortController();
    let dead = false;
    const alive = () => {
      if (dead) throw new Error('killed');
    };
    const at = (when: string) => async (subject: string) => {
      alive();
      for (const [step, matches] of Object.entries({ ...STEPS, ...BLOCK_STEPS }))
        if (matches(names)(subject) && steps.kills(`${when} the ${step}`)) kill();
      alive();
    };
    const kill = () => {
      dead = true;
      ended.abort();
    };
    const connection = faultyNats(nats, { before: at('before'), after: at('after') });
    const digests = lastDigests(connection, names);
    const parts = {
      config,
      names,
      connection,
      jsm,
      store: away.store,
      digests,
      metrics,
      clock: systemClock,
      log: silent,
    };
    const fold = stateFold(parts, () => 0);
    const runner = new Runner({
      fold: Object.assign(fold, { limits: { ...fold.limits, size: 3, delayMs: 0 } }),
      foldLog: foldLog(connection, jsm, names),
      names,
      ready: async () => undefined,
      folded: () => undefined,
      failing: () => undefined,
      clock: systemClock,
      random: () => 0,
      log: silent,
    });
    void runner.run({ fold: 'state', partition: 0, epoch: ++lease, signal: ended.signal });
    t.after(kill);
    return kill;
  };
  const { cover, readSurely } = lastDigests(nats, names);
  const policy = policyKv(nats, names);
  const entriesOf = async (room: string) => (await log.readAfter(room, 0, 1_000)).messages;
  /** Everything that the fold made, and the same as LOG says that it is. */
  const reached = async (...roomNames: readonly string[]) => {
    await until(
      'everything is folded',
      async () => {
        const { last_seq: last } = (await jsm.streams.info(names.logStream(0))).state;
        return (await cover(0))?.value.below === last + 1;
      },
      { ms: 60_000 },
    );
    const rooms = await Promise.all(roomNames.map(async room => ({ room, entries: await entriesOf(room) })));
    const states = rooms.map(({ room, entries }) => ({
      room,
      state: entries.flatMap(each => controlOf(each) ?? []).reduce(foldControl, NO_ROOM),
    }));
    for (const { room, state } of states)
      assert.deepEqual(readRoomState((await policy.read({ room }))?.value), state, room);
    for (const user of USERS) {
      const expected = states.flatMap(({ room, state }) => {
        const known = userRoomOf(state, user);
        return known ? [[room, withoutVersion(known)] as const] : [];
      });
      const found = await readDocument(async part => (await policy.read(partKey(user, part)))?.value);
      assert.deepEqual(
        new Map([...(found ?? [])].map(([room, known]) => [room, withoutVersion(known)])),
        new Map(expected.filter(([, { state }]) => state !== 'left')),
        user,
      );
    }
    for (const { room, entries } of rooms) {
      const deletes = entries
        .filter(({ type }) => type === 'delete')
        .map(({ offset, targets }) => ({ at: offset, targets }));
      const digest = (await readSurely(0, room))?.value;
      assert.deepEqual([digest?.top, digest?.deletions], [entries.at(-1)?.offset, deletes], room);
    }
    const inboxes = await Promise.all(USERS.map(async user => [user, await entriesOf(`user:${user}`)] as const));
    return inboxes.map(([user, entries]) => {
      assert.deepEqual(repeatedIn(entries), [], user);
      return [user, entries.map(({ body }) => noticeOf(body))] as const;
    });
  };
  return {
    ...bench,
    log,
    policy,
    entriesOf,
    steps,
    away,
    start,
    reached,
    voided: async () => (await metrics.voided.get()).values[0]?.value ?? 0,
  };
}

/** A store that does not answer whether it has a message, while `isAway`. */
const withoutNotices = (store: MongoStore, isAway: () => boolean): MongoStore =>
  new Proxy(store, {
    get(target, name: keyof MongoStore) {
      if (name === 'findSent' && isAway()) return () => Promise.reject(new Error('switched off'));
      const value: unknown = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

/** A document has the version at which it was written, which is any since the user's last change. */
const withoutVersion = ({ cv: _, ...known }: UserRoom) => known;

function noticeOf(body: Uint8Array): string {
  const { type, act = '' } = JSON.parse(Buffer.from(body).toString()) as {
    readonly type: string;
    readonly act?: string;
  };
  return `${type} ${act}`.trim();
}

/**
 * Publishes acts in a group, a message of a kicked user, which does not count, and a delete; and messages in a room of two users.
 * @returns names of the two rooms
 */
async function someActs({ log }: Pick<Awaited<ReturnType<typeof stateBench>>, 'log'>, name: string) {
  type Act = Parameters<typeof publishControl>[3];
  const room = `group:${name}`;
  const direct = `dm:${name}`;
  await publishControl(log, direct, 1, { ...created({ ann: 'member', bob: 'member' }), kind: 'dm' } as Act);
  let cv = 0;
  const act = async (control: Act, by = 'ann') => await publishControl(log, room, ++cv, control, by);
  await act(created({ ann: 'owner', bob: 'member', eve: 'member' }) as Act);
  const { offset } = await publishSeen(log, room, 'bob', 1);
  await act({ act: 'invite', users: ['dan'] });
  await act({ act: 'accept' }, 'dan');
  await act({ act: 'role', user: 'eve', rank: 'admin' });
  await act({ act: 'kick', user: 'bob' });
  await publishSeen(log, room, 'bob', 1);
  const none = { dedupe: '', time: 1_000, client: '', traceparent: '', cv: 0 };
  const target = { target: offset, of: 'x', user: 'bob', time: 1_000 };
  const envelope = { ...none, type: 'delete', id: 'd', user: 'ann', seen: cv, targets: [offset] } as const;
  await log.publish(
    room,
    Buffer.from(JSON.stringify({ type: 'delete', id: 'd', targets: [target], time: 1_000 })),
    envelope,
  );
  await act({ act: 'ban', user: 'fay', until: 0 });
  await act({ act: 'leave', heir: 'eve' });
  for (const user of ['bob', 'ann', 'bob']) await publishSeen(log, direct, user, 1);
  return [room, direct];
}

const NOTICES = {
  ann: ['member create', 'member leave', 'dm'],
  bob: ['member create', 'member kick', 'void', 'dm'],
  eve: ['member create', 'member role', 'member leave'],
  dan: ['invite invite', 'member accept'],
  fay: ['member ban'],
};

describe('fold of the state', { concurrency: 4 }, () => {
  for (const killed of Object.keys(STEPS))
    test(`a worker that is killed before and after each ${killed} is replaced: POLICY and LAST are what LOG says, and each user is told once`, async t => {
      const bench = await stateBench(t);
      const { steps, start, reached, voided } = bench;
      const first = await someActs(bench, 'a');
      let kills = 0;
      let most = 4;
      steps.kills = step => {
        if (step !== `${kills % 2 === 0 ? 'before' : 'after'} the ${killed}` || kills >= most) return false;
        kills += 1;
        start();
        return true;
      };
      start();
      await reached(...first);
      most += 4;
      const second = await someActs(bench, 'b');
      const inboxes = Object.fromEntries(await reached(...first, ...second));
      for (const [user, notices] of Object.entries(NOTICES))
        assert.deepEqual([...(inboxes[user] ?? [])].sort(), [...notices, ...notices].sort(), user);
      assert.equal(kills, most);
      assert.ok((await voided()) >= 2, 'a message of each room does not count');
    });

  for (const killed of [...Object.keys(BLOCK_STEPS), 'write of a room', 'read of an entry'])
    test(`a worker that is killed before and after each ${killed} is replaced: the room of two has each block once, and the pair`, async t => {
      const bench = await stateBench(t);
      const { log, policy, entriesOf, steps, start, reached } = bench;
      type Act = Parameters<typeof publishControl>[3];
      await publishControl(log, DM, 1, { ...created({ ann: 'member', bob: 'member' }), kind: 'dm' } as Act);
      start();
      await until('POLICY lacks nothing', () => isFilled(policy));
      await reached(DM);
      let kills = 0;
      steps.kills = step => {
        if (step !== `${kills % 2 === 0 ? 'before' : 'after'} the ${killed}` || kills >= 4) return false;
        kills += 1;
        start();
        return true;
      };
      const before = await publishSeen(log, DM, 'bob', 1);
      await publishContact(log, 'ann', 'block', 'bob');
      await reached(DM);
      const late = await publishSeen(log, DM, 'bob', 1);
      await reached(DM);
      await publishContact(log, 'ann', 'unblock', 'bob');
      await reached(DM);
      await publishSeen(log, DM, 'bob', 3);
      const inboxes = Object.fromEntries(await reached(DM));
      assert.equal(kills, 4);
      const acts = (await entriesOf(DM)).flatMap(entry => controlOf(entry) ?? []);
      assert.deepEqual(
        acts.map(({ cv, by, control }) => [cv, by, control.act]),
        [
          [1, 'ann', 'create'],
          [2, 'ann', 'block'],
          [3, 'ann', 'unblock'],
        ],
      );
      const [, block = assert.fail()] = acts;
      assert.ok(before.offset < block.offset && block.offset < late.offset);
      // Gateways of bob are told of each act by an entry that bob does not get, and bob of the message that does not count.
      assert.deepEqual([...(inboxes['bob'] ?? [])].sort(), ['dm', 'pair', 'pair', 'void']);
    });

  test('users are told once of acts that come late, while MongoDB is away, and while it lacks what LOG has', async t => {
    const bench = await stateBench(t);
    const { names, jsm, log, policy, away, start, reached } = bench;
    const end = start();
    await until('POLICY lacks nothing', () => isFilled(policy));
    end();
    const { config } = await jsm.streams.info(names.logStream(0));
    await jsm.streams.update(config.name, { ...config, duplicate_window: 100_000_000 });
    /** Waits until LOG does not recognise the notices so far. */
    const forgotten = async () => {
      const probe = crypto.randomUUID();
      const envelope = {
        dedupe: probe,
        type: 'message',
        id: probe,
        user: '',
        time: 0,
        client: '',
        traceparent: '',
      } as const;
      const send = () => log.publish('channel:probe', Buffer.from('{}'), { ...envelope, targets: [], cv: 0, seen: 0 });
      const { offset } = await send();
      await until('LOG has forgotten', async () => (await send()).offset > offset);
    };
    const told = async (...rooms: readonly string[]) => Object.fromEntries(await reached(...rooms));
    const rooms = await someActs(bench, 'a');
    await forgotten();
    away.is = true;
    for (const _ of ['a worker', 'the one after it']) {
      const kill = start();
      assert.deepEqual(await told(...rooms), Object.fromEntries(USERS.map(user => [user, []])));
      kill();
    }
    const last = start();
    await reached(...rooms);
    away.is = false;
    const isTold = async () => (await bench.entriesOf('user:fay')).length > 0;
    await until('users are told', isTold, { ms: 60_000 });
    await until('all are', async () => {
      const inboxes = await told(...rooms);
      return Object.entries(NOTICES).every(([user, notices]) => inboxes[user]?.length === notices.length);
    });
    last();
    await forgotten();
    const progress = await policy.read(progressKey(0));
    const { epoch } = (progress?.value ?? {}) as { readonly epoch?: string };
    assert.ok(await policy.write(progressKey(0), { epoch, at: 0 }, progress?.revision ?? 0));
    start();
    await until('everything is folded again', async () => {
      const { at } = ((await policy.read(progressKey(0)))?.value ?? {}) as { readonly at?: number };
      return (at ?? 0) === (await jsm.streams.info(names.logStream(0))).state.last_seq;
    });
    const inboxes = await told(...rooms);
    for (const [user, notices] of Object.entries(NOTICES))
      assert.deepEqual([...(inboxes[user] ?? [])].sort(), [...notices].sort(), user);
  });
});
