import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givenMark, type Mark, NO_MARK } from '../../../../server/fold/mark.ts';
import type { MarkKey } from '../../../../server/membership/mark-store.ts';
import { Marks } from '../../../../server/membership/marks.ts';
import { StoreUnavailable } from '../../../../server/room/history-store.ts';
import { PublishFailed } from '../../../../server/room/log.ts';
import { integer, pick, seeded } from '../../../../tools/support/random.ts';
import { MemoryMarks } from '../../../support/chat/memory-marks.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'group:tea';

/** Marks of gateways over one stream. */
function marksOf(gateways = 1) {
  const clock = new ManualClock();
  const store = new MemoryMarks();
  const raised: string[] = [];
  /** Marks in MongoDB, by user. */
  const archived = new Map<string, Mark>();
  const mongo = { quiet: false, away: false, reads: 0 };
  const options = {
    store,
    archive: {
      read: async (keys: readonly MarkKey[]) => {
        mongo.reads += 1;
        if (mongo.away) throw new StoreUnavailable('switched off');
        return keys.map(({ user }) => archived.get(user) ?? null);
      },
    },
    isArchiveQuiet: () => mongo.quiet,
    now: clock.now,
    after: clock.after,
  };
  const all = Array.from(
    { length: gateways },
    () =>
      new Marks({
        ...options,
        raised: ({ user, room }, { read, delivered }) => void raised.push(`${user} ${room} ${read} ${delivered}`),
      }),
  );
  const [marks = new Marks({ ...options, raised: () => undefined })] = all;
  const read = async (user: string, offset: number, by = marks) =>
    (await by.raise(user, [[ROOM, givenMark({ read: offset })]]))[0];
  const stored = async (user: string) => (await store.read([{ user, room: ROOM }]))[0];
  return { archived, mongo, clock, store, raised, marks, all, read, stored };
}

test('a mark is stored when it is answered, and a lower or equal one later changes nothing', async () => {
  const { read, stored, store, raised, clock } = marksOf();
  assert.equal(await read('ann', 7), true);
  assert.deepEqual(await stored('ann'), { read: 7, delivered: 7, revision: 1 });
  assert.equal(await read('ann', 7), false);
  assert.equal(await read('ann', 3), false);
  clock.pass(5_000);
  assert.equal(await read('ann', 3), false);
  assert.equal(store.writes, 1);
  assert.deepEqual(raised, [`ann ${ROOM} 7 7`]);
});

test('of a user who reads on, a room is written once a second, and each call is answered when its mark is stored', async () => {
  const { read, stored, store, clock } = marksOf();
  await read('ann', 1);
  const answers: number[] = [];
  for (let offset = 2; offset <= 50; offset++) void read('ann', offset).then(() => answers.push(offset));
  await settle();
  assert.deepEqual([store.writes, answers], [1, []]);
  clock.pass(999);
  await settle();
  assert.equal(store.writes, 1);
  clock.pass(1);
  await settle();
  assert.equal(store.writes, 2);
  assert.equal((await stored('ann'))?.read, 50);
  assert.equal(answers.length, 49);
  clock.pass(1_000);
  await read('ann', 51); // at once: the last write is a second ago
  assert.equal(store.writes, 3);
});

test('a late mark with a lower offset waits for the higher one that is about to be stored', async () => {
  const { read, stored, clock } = marksOf();
  await read('ann', 1);
  const high = read('ann', 9);
  const late = read('ann', 5);
  await settle();
  clock.pass(1_000);
  assert.deepEqual(await Promise.all([high, late]), [true, true]);
  assert.equal((await stored('ann'))?.read, 9);
});

test('two devices on two gateways: the stored marks are the highest of both, whoever was faster', async () => {
  const random = seeded(7);
  for (let round = 0; round < 50; round++) {
    const { all, read, stored, clock } = marksOf(2);
    const calls: Promise<unknown>[] = [];
    let highest = 0;
    for (let call = 0; call < 8; call++) {
      const offset = 1 + integer(random, 20);
      highest = Math.max(highest, offset);
      calls.push(read('ann', offset, pick(random, all)));
      if (integer(random, 2) === 0) await settle();
      if (integer(random, 2) === 0) clock.pass(600);
    }
    for (let pass = 0; pass < 4; pass++) {
      await settle();
      clock.pass(1_000);
    }
    await Promise.all(calls);
    assert.equal((await stored('ann'))?.read, highest);
    for (const marks of all)
      assert.deepEqual(await marks.of([{ user: 'ann', room: ROOM }]), [{ read: highest, delivered: highest }]);
  }
});

test('what another device has stored already is not applied again', async () => {
  const { all, read, clock } = marksOf(2);
  const [one, two] = all;
  await read('ann', 3, two);
  await read('ann', 9, one);
  clock.pass(1_000);
  assert.equal(await read('ann', 7, two), false);
});

test('marks that a worker removed from the stream are written again with what is known', async () => {
  const { read, stored, store, clock } = marksOf();
  await read('ann', 7);
  store.remove({ user: 'ann', room: ROOM });
  clock.pass(1_000);
  assert.equal(await read('ann', 8), true);
  assert.equal((await stored('ann'))?.read, 8);
});

test('while NATS is away no mark is answered, and the next call reads what was stored', async () => {
  const { read, stored, store, clock } = marksOf();
  await read('ann', 7);
  clock.pass(1_000);
  store.away = true;
  await assert.rejects(read('ann', 8), PublishFailed);
  store.away = false;
  assert.equal(await read('ann', 8), true);
  assert.equal((await stored('ann'))?.read, 8);
});

test('marks are read in the order of the keys', async () => {
  const { read, marks } = marksOf();
  await read('ann', 7);
  const keys = [
    { user: 'bob', room: ROOM },
    { user: 'ann', room: ROOM },
  ];
  assert.deepEqual(await marks.of(keys), [NO_MARK, { read: 7, delivered: 7 }]);
});

test('marks that NATS lacks are those of MongoDB, and a write does not fall below them', async () => {
  const { read, stored, marks, archived, mongo } = marksOf();
  archived.set('ann', givenMark({ read: 9 }));
  const keys = [{ user: 'ann', room: ROOM }];
  assert.deepEqual(await marks.of(keys), [{ read: 9, delivered: 9 }]);
  assert.equal(await read('ann', 7), false);
  assert.equal(await read('ann', 11), true);
  assert.deepEqual(await stored('ann'), { read: 11, delivered: 11, revision: 1 });
  const { reads } = mongo;
  assert.deepEqual(await marks.of(keys), [{ read: 11, delivered: 11 }]);
  assert.equal(mongo.reads, reads, 'MongoDB is asked for what NATS lacks alone');
});

test('while MongoDB is away marks are those that NATS has, else null', async () => {
  for (const how of ['quiet', 'away'] as const) {
    const { read, marks, archived, mongo } = marksOf();
    archived.set('bob', givenMark({ read: 9 }));
    mongo[how] = true;
    assert.equal(await read('ann', 7), true);
    const keys = ['ann', 'bob'].map(user => ({ user, room: ROOM }));
    assert.deepEqual(await marks.of(keys), [{ read: 7, delivered: 7 }, null]);
  }
});
