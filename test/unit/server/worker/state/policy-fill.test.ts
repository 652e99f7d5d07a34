import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { partitionOf } from '../../../../../server/bus/names.ts';
import { type Contact, NO_PAIR, pairUsers, readPair, withContact } from '../../../../../server/fold/pair.ts';
import { NO_ROOM, type RoomState } from '../../../../../server/fold/room-state.ts';
import { readRoomState, roomStateJson } from '../../../../../server/fold/room-state-json.ts';
import type { GivenSettings } from '../../../../../server/fold/user-settings.ts';
import type { ArchivedPair } from '../../../../../server/membership/archive.ts';
import { readFilled } from '../../../../../server/membership/policy-filled.ts';
import { readProgress } from '../../../../../server/membership/policy-progress.ts';
import type { UserRoom } from '../../../../../server/membership/room-states.ts';
import {
  partKey,
  readDocument,
  userRoomByOwn,
  writeUserRoom,
} from '../../../../../server/membership/user-documents.ts';
import { PublishFailed } from '../../../../../server/room/log.ts';
import { PolicyFill } from '../../../../../server/worker/state/policy-fill.ts';
import { PolicyPosition } from '../../../../../server/worker/state/policy-position.ts';
import { until } from '../../../../../tools/support/until.ts';
import { isFilled } from '../../../../support/chat/filled-policy.ts';
import { MemoryPolicyStore } from '../../../../support/chat/memory-policy.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';

const PARTITIONS = 8;
const ROOMS = 300;
const USERS = 200;
const PAIRS = 20;
const requestOf = (user: string, other: string, offset: number): Contact => ({
  ...{ user, other, offset, id: `${user} ${offset}`, act: 'request', of: 0, ends: 'decline', note: '' },
});
const member = (cv: number): UserRoom => ({ state: 'member', rank: 'member', since: cv, cv, kind: 'group' });
const name = (prefix: string, index: number) => `${prefix}${String(index).padStart(4, '0')}`;
const partition = (room: string) => partitionOf(room, PARTITIONS);

/** Workers that fill one store from what MongoDB has, each its own partitions. */
class Fillers {
  readonly clock = new ManualClock();
  readonly policy = new MemoryPolicyStore();
  readonly rooms = new Map<string, RoomState>();
  readonly users = new Map<string, Map<string, UserRoom>>();
  readonly pairs = new Map<string, ArchivedPair>();
  readonly settings = new Map<string, GivenSettings>();
  /** Reads of pages of rooms and users, by worker. */
  readonly pages = new Map<string, number>();
  /** Partitions whose LOG was read, by worker. */
  readonly replayed: (readonly [worker: string, partition: number])[] = [];
  readonly #leases = new Map<number, { readonly worker: string; readonly end: AbortController }>();
  readonly #fills = new Map<string, PolicyFill>();
  /** LOG of all partitions, and the epoch that the fold `views` is in. */
  readonly epoch = { name: 'first', from: 1, archived: 'first' };
  /** First offset of LOG, by partition, where it is not that of the epoch. */
  readonly first = new Map<number, number>();
  /** Offset up to which MongoDB has the log, by partition, where it is not that before the epoch. */
  readonly archivedUpTo = new Map<number, number>();
  /** Called with each partition whose LOG is read, before that. */
  readonly steps: { replay: (partition: number) => void } = { replay: () => undefined };
  readonly published: string[] = [];

  constructor() {
    for (let index = 0; index < ROOMS; index++)
      this.rooms.set(name('group:', index), { ...NO_ROOM, kind: 'group', cv: 4, name: name('Room ', index) });
    for (let index = 0; index < PAIRS; index++) {
      const [owner, other] = [name('user', index), name('user', index + 100)];
      const pair = withContact(NO_PAIR, requestOf(owner, other, 7));
      this.pairs.set(`${owner} ${other}`, { owner, other, pair });
      this.pairs.set(`${other} ${owner}`, { owner: other, other: owner, pair });
    }
    for (let index = 0; index < USERS; index++) {
      this.settings.set(name('user', index), { add: { at: 5, value: 'nobody' } });
      const rooms = Array.from({ length: 5 }, (_, at) => [name('group:', (index + at) % ROOMS), member(3)] as const);
      this.users.set(name('user', index), new Map([...rooms, ['group:left', { ...member(1), state: 'left' }]]));
    }
  }

  /** Gives partitions to a worker. */
  give(worker: string, ...partitions: readonly number[]): void {
    for (const each of partitions) this.#leases.set(each, { worker, end: new AbortController() });
  }

  /** Ends a worker, whose writes then fail. Its partitions are free. */
  kill(worker: string): void {
    for (const [each, lease] of [...this.#leases])
      if (lease.worker === worker) {
        lease.end.abort();
        this.#leases.delete(each);
      }
    this.#fills.delete(worker);
  }

  /** Time passes, and each worker looks at each of its partitions. */
  async look(): Promise<void> {
    this.clock.pass(2_000);
    const folded = { epoch: this.epoch.name, at: this.epoch.from + 49 };
    for (const [each, { worker, end }] of this.#leases)
      await this.#of(worker).look(each, folded, { signal: end.signal });
  }

  reached = (worker: string, each: number) => this.#of(worker).reached(each);

  /** Progress of all partitions. */
  progress = async () => {
    const read = async (each: number) => readProgress((await this.policy.read({ partition: each }))?.value);
    return await Promise.all(Array.from({ length: PARTITIONS }, (_, each) => read(each)));
  };

  isComplete = () => isFilled(this.policy);

  /** Everything that MongoDB has, as the store has it. */
  async assertFilled(): Promise<void> {
    for (const [room, { cv }] of this.rooms)
      assert.equal(readRoomState((await this.policy.read({ room }))?.value)?.cv, cv, room);
    for (const [user, rooms] of this.users) {
      const found = await readDocument(async part => (await this.policy.read(partKey(user, part)))?.value);
      const expected = [...rooms].filter(([room]) => room !== 'group:left');
      assert.deepEqual(new Map([...(found ?? [])].sort()), new Map(expected.sort()), user);
    }
    for (const [user, given] of this.settings)
      assert.deepEqual((await this.policy.read({ settings: user }))?.value, given, user);
    for (const { owner, other, pair } of this.pairs.values())
      assert.deepEqual(readPair((await this.policy.read({ pair: pairUsers(owner, other) }))?.value), pair);
  }

  #of(worker: string): PolicyFill {
    const known = this.#fills.get(worker);
    if (known) return known;
    const count = () => this.pages.set(worker, (this.pages.get(worker) ?? 0) + 1);
    const page = <T>(all: ReadonlyMap<string, T>, after: string, limit: number) => {
      count();
      return [...all].filter(([key]) => key > after).slice(0, limit);
    };
    const fill = new PolicyFill({
      policy: this.policy,
      position: new PolicyPosition(this.policy),
      archived: async each => ({
        epoch: this.epoch.archived,
        at: this.archivedUpTo.get(each) ?? this.epoch.from - 1,
      }),
      archive: {
        room: async room => this.rooms.get(room) ?? null,
        allRooms: async (after, limit) => page(this.rooms, after, limit),
        allUsers: async (after, limit) => page(this.users, after, Math.ceil(limit / 50)),
      },
      policyRooms: work => work(this.policy.rooms()),
      pairs: { allPairs: async after => (after === '' ? [...this.pairs] : []) },
      settings: { allSettings: async after => (after === '' ? [...this.settings] : []) },
      partitions: PARTITIONS,
      log: {
        state: async each => ({
          epoch: this.epoch.name,
          from: this.epoch.from,
          first: this.first.get(each) ?? this.epoch.from,
        }),
        partitionOf: partition,
        controls: async () => [],
        publish: async room => void this.published.push(room),
      },
      replay: async each => {
        this.steps.replay(each);
        this.replayed.push([worker, each]);
      },
      fold: { apply: async () => new Set(), rewrite: async () => undefined },
      writes: { attempt: async (_, write) => await write() },
      wallClock: () => this.clock.wallClock(),
      clock: this.clock,
      logger: pino({ level: 'silent' }),
    });
    this.#fills.set(worker, fill);
    return fill;
  }
}

const filled = (fillers: Fillers) =>
  until('POLICY is complete', async () => {
    await fillers.look();
    return await fillers.isComplete();
  });

test('workers share the rooms and users by partition, and each reads MongoDB once', async () => {
  const fillers = new Fillers();
  fillers.give('one', 0, 1, 2, 3);
  fillers.give('two', 4, 5, 6, 7);
  await filled(fillers);
  await fillers.assertFilled();
  assert.deepEqual(fillers.replayed.map(([worker, each]) => `${worker} ${each}`).sort(), [
    'one 0',
    'one 1',
    'one 2',
    'one 3',
    'two 4',
    'two 5',
    'two 6',
    'two 7',
  ]);
  assert.equal(fillers.pages.get('one'), fillers.pages.get('two'));
  assert.equal(fillers.pages.get('one'), ROOMS / 100 + 1 + USERS / 40 + 1);
});

test('many writes are under way at the same time, but not all', async () => {
  const fillers = new Fillers();
  let [now, most] = [0, 0];
  fillers.policy.wait = async () => {
    most = Math.max(most, ++now);
    await new Promise(resolve => setImmediate(resolve));
    now -= 1;
  };
  fillers.give('one', 0, 1, 2, 3, 4, 5, 6, 7);
  await filled(fillers);
  assert.ok(most > 32 && most <= 64 + 8, `${most} at the same time`);
});

test('a worker that dies at any moment is replaced, and the store is not complete before all is there', async () => {
  for (const writes of [1, 40, 150, 299, 320, 480, 500, 503, 520, 540]) {
    const fillers = new Fillers();
    fillers.give('one', 0, 1, 2, 3, 4, 5, 6, 7);
    const { policy } = fillers;
    let left = writes;
    policy.wait = async () => {
      // Its writes happen, or not, and their answers are lost.
      if (left > 0 && --left === 0) fillers.kill('one');
    };
    await until('it died', async () => {
      await fillers.look();
      return left === 0;
    });
    policy.wait = () => Promise.resolve();
    if (await fillers.isComplete()) assert.fail('complete without some');
    fillers.give('two', 0, 1, 2, 3);
    fillers.give('three', 4, 5, 6, 7);
    await filled(fillers);
    await fillers.assertFilled();
  }
});

test('the store is complete although the write that says so failed, on whatever worker looks then', async () => {
  for (const next of ['one', 'two']) {
    const fillers = new Fillers();
    const { policy } = fillers;
    let [failing, failed] = [true, false];
    policy.write = async (key, value, revision) => {
      const fails = failing && 'mark' in key && readFilled(value).complete;
      failed ||= fails;
      if (fails) throw new PublishFailed('no answer');
      return await MemoryPolicyStore.prototype.write.call(policy, key, value, revision);
    };
    fillers.give('one', 0, 1, 2, 3, 4, 5, 6, 7);
    await until('the write failed', async () => {
      await fillers.look();
      return failed;
    });
    assert.equal(await fillers.isComplete(), false);
    failing = false;
    fillers.give(next, 0, 1, 2, 3, 4, 5, 6, 7);
    await filled(fillers);
    assert.ok(fillers.replayed.length >= 8);
  }
});

test('what gateways and folds write meanwhile is not overwritten', async () => {
  const fillers = new Fillers();
  const { policy } = fillers;
  const [room, user] = [name('group:', 7), name('user', 7)];
  let done = false;
  policy.wait = async () => {
    if (done) return;
    done = true;
    await policy.write({ room }, roomStateJson({ ...NO_ROOM, kind: 'group', cv: 9 }), 0);
    await writeUserRoom(policy, user, room, member(9));
  };
  fillers.give('one', 0, 1, 2, 3, 4, 5, 6, 7);
  await filled(fillers);
  const known = fillers.rooms.get(room) ?? assert.fail();
  fillers.rooms.set(room, { ...known, cv: 9 });
  fillers.users.get(user)?.set(room, member(9));
  await fillers.assertFilled();
});

test('a store that was wiped in a later epoch is filled with its progress: no snapshot of any room', async () => {
  const fillers = new Fillers();
  const { policy, epoch, published } = fillers;
  fillers.give('one', 0, 1, 2, 3);
  fillers.give('two', 4, 5, 6, 7);
  await filled(fillers);
  policy.wipe();
  Object.assign(epoch, { name: 'second', from: 1_001, archived: 'second' });
  await filled(fillers);
  assert.deepEqual(await fillers.progress(), Array(PARTITIONS).fill({ epoch: 'second', at: 1_050 }));
  const pages = new Map(fillers.pages);
  for (let count = 0; count < 5; count++) await fillers.look();
  assert.deepEqual([published, fillers.pages], [[], pages]);
});

test('what was lost of LOG comes first into MongoDB, then into the store', async () => {
  const fillers = new Fillers();
  const { epoch } = fillers;
  Object.assign(epoch, { name: 'second', from: 1_001 });
  fillers.give('one', 0, 1, 2, 3, 4, 5, 6, 7);
  for (let count = 0; count < 5; count++) await fillers.look();
  assert.equal(fillers.pages.size, 0);
  epoch.archived = 'second';
  await filled(fillers);
  await fillers.assertFilled();
});

test('a kick that LOG does not have any more is not undone by a join in the inbox that had not seen it', async () => {
  const fillers = new Fillers();
  const { policy } = fillers;
  const user = name('user', 7);
  const own = { room: 'channel:tea', offset: 9, on: true, since: 3 };
  fillers.users.set(user, new Map([[own.room, { ...member(6), state: 'left', kind: 'channel' }]]));
  fillers.give('one', 0, 1, 2, 3, 4, 5, 6, 7);
  await filled(fillers);
  // Its entry in LOG, which the fill reads last.
  await writeUserRoom(policy, user, own.room, userRoomByOwn({ ...own, seen: 5 }));
  const roomsOf = () => readDocument(async part => (await policy.read(partKey(user, part)))?.value);
  assert.deepEqual(await roomsOf(), new Map());
  await writeUserRoom(policy, user, own.room, userRoomByOwn({ ...own, seen: 6 }));
  assert.deepEqual(
    [...((await roomsOf()) ?? [])].map(([room]) => room),
    [own.room],
  );
});

test('a store that is wiped while it is filled is filled again, before it is complete', async () => {
  for (const calls of [3, 20, 150, 320, 500, 527, 540, 560]) {
    const fillers = new Fillers();
    const { policy } = fillers;
    let left = calls;
    policy.wait = async () => {
      if (left > 0 && --left === 0) policy.wipe();
    };
    fillers.give('one', 0, 1, 2, 3, 4, 5, 6, 7);
    await until('it was wiped', async () => {
      await fillers.look();
      return left === 0;
    });
    await filled(fillers);
    await fillers.assertFilled();
    assert.ok((await fillers.progress()).every(found => found?.epoch === 'first'));
  }
});

test('a store that is wiped before any of the last writes is not complete until it is filled again', async () => {
  const { write } = MemoryPolicyStore.prototype;
  const run = async (wiped: (count: number) => boolean) => {
    const fillers = new Fillers();
    const { policy } = fillers;
    let count = 0;
    policy.write = async (key, value, revision) => {
      if (wiped(++count)) policy.wipe();
      return await write.call(policy, key, value, revision);
    };
    fillers.give('one', 0, 1, 2, 3, 4, 5, 6, 7);
    await filled(fillers);
    await fillers.assertFilled();
    return count;
  };
  const last = await run(() => false);
  for (let back = 0; back < 5; back++) assert.ok((await run(count => count === last - back)) > last);
});

test('acts that are purged from LOG after MongoDB was read are read from MongoDB, for all partitions', async () => {
  const fillers = new Fillers();
  const { steps, first, archivedUpTo, rooms, users, replayed } = fillers;
  for (const each of [0, 1, 2, 3, 4, 5, 6, 7]) archivedUpTo.set(each, 20);
  const room = [...rooms.keys()].find(each => partition(each) === 5) ?? assert.fail();
  const user = [...users.keys()].find(each => partition(`user:${each}`) === 2) ?? assert.fail();
  steps.replay = each => {
    if (each !== 5 || first.has(5)) return;
    // Meanwhile MongoDB got an act with offset 21, and LOG was purged behind it.
    rooms.set(room, { ...NO_ROOM, kind: 'group', cv: 5 });
    users.get(user)?.set(room, member(5));
    archivedUpTo.set(5, 21);
    first.set(5, 22);
  };
  fillers.give('one', 0, 1, 2, 3, 4);
  fillers.give('two', 5, 6, 7);
  await filled(fillers);
  await fillers.assertFilled();
  assert.ok(replayed.filter(([, each]) => each === 2).length > 1);
});

test('a purge behind what MongoDB had from the beginning is of no harm', async () => {
  const fillers = new Fillers();
  const { steps, first, archivedUpTo, replayed } = fillers;
  for (const each of [0, 1, 2, 3, 4, 5, 6, 7]) archivedUpTo.set(each, 20);
  steps.replay = each => void first.set(each, 21);
  fillers.give('one', 0, 1, 2, 3, 4, 5, 6, 7);
  await filled(fillers);
  assert.equal(replayed.length, 8);
});

test('LOG keeps what a filling needs until the partition is filled', async () => {
  const fillers = new Fillers();
  fillers.archivedUpTo.set(3, 20);
  fillers.give('one', 3);
  assert.equal(await fillers.reached('one', 3), null);
  await fillers.look();
  assert.deepEqual(await fillers.reached('one', 3), { epoch: 'first', at: 20 });
  await until('it is filled', async () => {
    await fillers.look();
    return (await fillers.reached('one', 3))?.at === 50;
  });
});

test('LOG keeps what another filling needs, also for a partition that was filled before', async () => {
  const fillers = new Fillers();
  const { first, archivedUpTo } = fillers;
  for (const each of [0, 1, 2, 3, 4, 5, 6, 7]) archivedUpTo.set(each, 20);
  fillers.give('one', 0);
  await until('it is filled', async () => {
    await fillers.look();
    return (await fillers.reached('one', 0))?.at === 50;
  });
  first.set(5, 31);
  for (const each of [0, 1, 2, 3, 4, 5, 6, 7]) archivedUpTo.set(each, 30);
  fillers.give('two', 5);
  await until('another filling has begun', async () => {
    await fillers.look();
    return (await fillers.reached('two', 5))?.at === 30;
  });
  assert.deepEqual(await fillers.reached('one', 0), { epoch: 'first', at: 30 });
});

test('nothing is filled before MongoDB has what LOG does not have any more', async () => {
  const fillers = new Fillers();
  const { first, archivedUpTo, pages } = fillers;
  first.set(6, 31);
  archivedUpTo.set(6, 29);
  fillers.give('one', 0, 1, 2, 3, 4, 5, 6, 7);
  for (let count = 0; count < 5; count++) await fillers.look();
  assert.equal(pages.size, 0);
  archivedUpTo.set(6, 30);
  await filled(fillers);
});
