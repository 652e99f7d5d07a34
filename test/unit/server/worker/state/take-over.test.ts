import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { type ControlEntry, readControl } from '../../../../../server/fold/control.ts';
import { type Contact, mergedPair, NO_PAIR, readPair, withContact } from '../../../../../server/fold/pair.ts';
import { NO_ROOM, type RoomState } from '../../../../../server/fold/room-state.ts';
import { readRoomState, roomStateJson } from '../../../../../server/fold/room-state-json.ts';
import type { GivenSettings } from '../../../../../server/fold/user-settings.ts';
import type { ArchivedPair } from '../../../../../server/membership/archive.ts';
import { readProgress } from '../../../../../server/membership/policy-progress.ts';
import { writePair } from '../../../../../server/membership/policy-writes.ts';
import type { UserRoom } from '../../../../../server/membership/room-states.ts';
import { LOST_VERSIONS } from '../../../../../server/membership/snapshot.ts';
import {
  partKey,
  readDocument,
  userRoomByOwn,
  writeUserRoom,
} from '../../../../../server/membership/user-documents.ts';
import { StoreUnavailable } from '../../../../../server/room/history-store.ts';
import { PublishFailed } from '../../../../../server/room/log.ts';
import type { Envelope } from '../../../../../server/room/message.ts';
import { PolicyFill } from '../../../../../server/worker/state/policy-fill.ts';
import { PolicyPosition } from '../../../../../server/worker/state/policy-position.ts';
import { until } from '../../../../../tools/support/until.ts';
import { created, entry, stateAfter } from '../../../../support/chat/control-log.ts';
import { fillPolicy } from '../../../../support/chat/filled-policy.ts';
import { MemoryPolicyStore } from '../../../../support/chat/memory-policy.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';

const lease = { signal: new AbortController().signal };
const FIRST = { epoch: 'first', at: 50 };
const SECOND = { epoch: 'second', at: 1_000 };
const stateOf = (cv: number, at: number, topic = ''): RoomState => ({ ...NO_ROOM, kind: 'group', cv, at, topic });
const member = (cv: number): UserRoom => ({ state: 'member', rank: 'member', since: cv, cv, kind: 'group' });
const left = (cv: number): UserRoom => ({ ...member(cv), state: 'left', since: 0 });
/** Names with `other` are of partition 1. */
const partitionOf = (room: string) => (room.includes('other') ? 1 : 0);

/** A worker with two partitions, whose LOG has another epoch than POLICY. */
async function bench(from = 1_001, held: readonly number[] = [0]) {
  const policy = new MemoryPolicyStore();
  const position = new PolicyPosition(policy);
  const clock = new ManualClock();
  const archived = new Map<string, RoomState>();
  const users = new Map<string, ReadonlyMap<string, UserRoom>>();
  const pairs = new Map<string, ArchivedPair>();
  const settings = new Map<string, GivenSettings>();
  const controls = new Map<string, readonly ControlEntry[]>();
  const parts = {
    archiveUp: true,
    archivedEpoch: 'second',
    archivedUpTo: from - 1,
    epoch: 'second',
    down: '',
    pages: 0,
  };
  /** Called with each page that is read, and before each snapshot. */
  const steps: { page: () => void; publish: (room: string) => Promise<void> } = {
    page: () => undefined,
    publish: async () => undefined,
  };
  const published: { readonly room: string; readonly cv: number; readonly state: RoomState | null }[] = [];
  for (const partition of held) {
    await policy.write({ partition }, FIRST, 0);
    await position.take(partition, FIRST);
  }
  const page = async <T>(all: ReadonlyMap<string, T>, after: string) => {
    if (!parts.archiveUp) throw new StoreUnavailable('switched off');
    parts.pages += 1;
    steps.page();
    return after === '' ? [...all] : [];
  };
  const fill = new PolicyFill({
    policy,
    position,
    archived: async () => ({ epoch: parts.archivedEpoch, at: parts.archivedUpTo }),
    archive: {
      room: async room => archived.get(room) ?? null,
      allRooms: async after => await page(archived, after),
      allUsers: async after => await page(users, after),
    },
    policyRooms: work => work(policy.rooms()),
    pairs: { allPairs: async after => (after === '' ? [...pairs] : []) },
    settings: { allSettings: async after => (after === '' ? [...settings] : []) },
    log: {
      state: async () => ({ epoch: parts.epoch, from, first: from }),
      partitionOf,
      controls: async (room, after) => (controls.get(room) ?? []).filter(({ offset }) => offset > after),
      async publish(room: string, body: Uint8Array, { type, cv }: Envelope) {
        if (room === parts.down) throw new PublishFailed('no leader');
        await steps.publish(room);
        const entry = readControl({ type, offset: 1, user: '' }, JSON.parse(Buffer.from(body).toString()));
        const control = entry?.control;
        published.push({ room, cv, state: control?.act === 'snapshot' ? readRoomState(control.state) : null });
      },
    },
    partitions: 2,
    replay: async () => undefined,
    fold: { apply: async () => new Set(), rewrite: async () => undefined },
    writes: { attempt: async (_, write) => await write() },
    wallClock: () => clock.wallClock(),
    clock,
    logger: pino({ level: 'silent' }),
  });
  const look = async () => {
    clock.pass(2_000);
    for (const partition of held) await fill.look(partition, { ...SECOND, epoch: parts.epoch }, lease);
  };
  const progress = async (partition = 0) => readProgress((await policy.read({ partition }))?.value);
  const taken = async (...partitions: readonly number[]) => {
    await until('it is taken over', async () => {
      await look();
      const epochs = await Promise.all((partitions.length > 0 ? partitions : held).map(progress));
      return epochs.every(found => found?.epoch === parts.epoch);
    });
    return published.toSorted((a, b) => (a.room < b.room ? -1 : 1));
  };
  /** Looks some times, with time for what is under way. */
  const looks = async () => {
    for (let count = 0; count < 5; count++) {
      await look();
      await new Promise(setImmediate);
    }
  };
  const put = (room: string, state: RoomState) => policy.write({ room }, roomStateJson(state), 0);
  const roomsOf = async (user: string) => {
    const found = await readDocument(async part => (await policy.read(partKey(user, part)))?.value);
    return Object.fromEntries([...(found ?? [])].map(([room, { state, cv }]) => [room, `${state} ${cv}`]));
  };
  const stores = { policy, archived, users, pairs, settings, controls, put, roomsOf };
  return { ...stores, parts, steps, published, looks, progress, taken };
}

test('rooms that POLICY and MongoDB have in different states, or that a loss may concern, go on from the later one', async () => {
  const { archived, taken, put, policy, progress } = await bench();
  await fillPolicy(policy);
  archived.set('group:same', stateOf(3, 40));
  await put('group:same', stateOf(3, 40));
  archived.set('group:archived', stateOf(5, 45, 'MongoDB'));
  await put('group:archived', stateOf(4, 41, 'POLICY'));
  archived.set('group:stored', stateOf(4, 41, 'MongoDB'));
  await put('group:stored', stateOf(6, 48, 'POLICY'));
  archived.set('group:missing', stateOf(2, 30, 'MongoDB'));
  archived.set('group:late', stateOf(2, 60));
  await put('group:late', stateOf(2, 60));
  archived.set('group:acted', stateOf(2, 30));
  await put('group:acted', stateOf(3 + LOST_VERSIONS, 1_002));
  archived.set('group:other', stateOf(9, 49));
  assert.deepEqual(
    (await taken()).map(({ room, cv, state }) => [room, cv, state?.topic]),
    [
      ['group:archived', 5 + LOST_VERSIONS, 'MongoDB'],
      ['group:late', 2 + LOST_VERSIONS, ''],
      ['group:missing', 2 + LOST_VERSIONS, 'MongoDB'],
      ['group:stored', 6 + LOST_VERSIONS, 'POLICY'],
    ],
  );
  assert.deepEqual(await progress(), SECOND);
});

test('a room that POLICY alone has goes on in the epoch, unless it is of the epoch', async () => {
  const { taken, put, policy } = await bench();
  await fillPolicy(policy);
  await put('group:lost', stateOf(2, 30, 'POLICY'));
  await put('group:new', stateOf(1, 1_002));
  await put('group:other', stateOf(2, 30)); // of another partition
  assert.deepEqual(
    (await taken()).map(({ room, cv, state }) => [room, cv, state?.topic]),
    [['group:lost', 2 + LOST_VERSIONS, 'POLICY']],
  );
});

test('acts of users on each other that POLICY lost come back from MongoDB, and later ones stay', async () => {
  const { pairs, taken, policy } = await bench();
  await fillPolicy(policy);
  const acted = (user: string, other: string, offset: number) => {
    const contact: Contact = { user, other, offset, id: 'x', act: 'request', of: 0, ends: 'decline', note: '' };
    return withContact(NO_PAIR, contact);
  };
  const lost = acted('ann', 'bob', 45);
  const late = acted('bob', 'ann', 60);
  await writePair(policy, ['ann', 'bob'], late);
  pairs.set('1', { owner: 'bob', other: 'ann', pair: mergedPair(lost, acted('bob', 'ann', 40)) });
  pairs.set('2', { owner: 'other ann', other: 'other bob', pair: lost });
  await taken();
  assert.deepEqual(readPair((await policy.read({ pair: ['ann', 'bob'] }))?.value), mergedPair(lost, late));
  assert.equal(await policy.read({ pair: ['other ann', 'other bob'] }), null, 'both inboxes are of another partition');
});

test('settings that POLICY lost come back from MongoDB, and later ones stay', async () => {
  const { settings, taken, policy } = await bench();
  await fillPolicy(policy);
  const late = { add: { at: 60, value: 'friends' } };
  await policy.write({ settings: 'ann' }, late, 0);
  settings.set('ann', { add: { at: 45, value: 'nobody' }, dm: { at: 44, value: 'nobody' } });
  settings.set('other ann', { dm: { at: 44, value: 'nobody' } });
  await taken();
  const stored = async (user: string) => (await policy.read({ settings: user }))?.value;
  assert.deepEqual(await stored('ann'), { ...late, dm: { at: 44, value: 'nobody' } });
  assert.equal(await stored('other ann'), undefined, 'an inbox of another partition');
});

test('what LOG has above POLICY and MongoDB counts: an old act is in the snapshot, a new one needs none', async () => {
  const { archived, taken, policy, controls } = await bench();
  await fillPolicy(policy);
  const update = (topic: string) => ({ act: 'update', topic }) as const;
  archived.set('group:a', stateOf(4, 41));
  controls.set('group:a', [entry(49, 5, update('LOG'))]);
  archived.set('group:b', stateOf(4, 42));
  controls.set('group:b', [
    entry(1_001, 4 + LOST_VERSIONS, { act: 'snapshot', state: roomStateJson(stateOf(4, 42)) }),
    entry(1_002, 5 + LOST_VERSIONS, update('new')),
  ]);
  assert.deepEqual(
    (await taken()).map(({ room, cv, state }) => [room, cv, state?.topic]),
    [['group:a', 5 + LOST_VERSIONS, 'LOG']],
  );
});

test('what MongoDB alone has of users comes back: own joins, and members of large rooms, also of users elsewhere', async () => {
  const { users, taken, policy, roomsOf } = await bench();
  await fillPolicy(policy);
  const own = { room: 'channel:other', offset: 44, on: true, since: 3, seen: 2 };
  users.set('bob', new Map([['channel:other', userRoomByOwn(own)]])); // the inbox is ours, the channel is not
  const large = new Map([
    ['group:large', member(7)],
    ['group:other', member(8)],
  ]);
  users.set('another', large); // the inbox is not ours
  users.set('eve', new Map([['group:large', member(5)]]));
  await writeUserRoom(policy, 'eve', 'group:large', left(9));
  users.set('dan', new Map([['group:large', left(8)]]));
  await writeUserRoom(policy, 'dan', 'group:large', member(5));
  assert.deepEqual(await taken(), []);
  assert.deepEqual(
    [await roomsOf('bob'), await roomsOf('another'), await roomsOf('eve'), await roomsOf('dan')],
    [{ 'channel:other': 'member 2' }, { 'group:large': 'member 7' }, {}, {}],
  );
});

test('a user whom only the older state lists is not a member any more', async () => {
  const { archived, users, taken, policy, put, roomsOf } = await bench();
  await fillPolicy(policy);
  const before = stateAfter([['ann', created({ ann: 'owner', bob: 'member' })]]);
  archived.set('group:a', before);
  users.set('bob', new Map([['group:a', member(1)]]));
  await put('group:a', stateAfter([['ann', { act: 'kick', user: 'bob' }]], before));
  assert.equal((await taken()).length, 1);
  assert.deepEqual(await roomsOf('bob'), {});
});

test('documents of users whom a snapshot drops are written before it: a worker that ends after it is replaced by one that does not know them', async () => {
  const { archived, looks, policy, steps, put, published, roomsOf } = await bench();
  await fillPolicy(policy);
  const before = stateAfter([['ann', created({ ann: 'owner', bob: 'member', eve: 'member' })]]);
  const after = stateAfter([['ann', { act: 'kick', user: 'bob' }]], before);
  archived.set('group:a', before);
  await put('group:a', after);
  archived.set('group:b', after);
  await put('group:b', before);
  for (const room of ['group:a', 'group:b']) await writeUserRoom(policy, 'bob', room, member(1));
  const seen: unknown[] = [];
  steps.publish = async room => void seen.push(Object.keys(await roomsOf('bob')).filter(each => each === room));
  await until('both are published', async () => {
    await looks();
    return published.length === 2;
  });
  assert.deepEqual(seen, [[], []]);
});

test('partitions share the reads of MongoDB, and are not read again', async () => {
  const { archived, users, taken, policy, parts, looks } = await bench(1_001, [0, 1]);
  await fillPolicy(policy);
  for (const room of ['group:a', 'group:other']) archived.set(room, stateOf(2, 30));
  users.set('bob', new Map([['group:a', member(1)]]));
  assert.deepEqual(
    (await taken()).map(({ room }) => room),
    ['group:a', 'group:other'],
  );
  assert.equal(parts.pages, 4);
  await looks();
  assert.equal(parts.pages, 4);
});

test('a partition whose LOG fails does not hold the others', async () => {
  const { archived, taken, policy, parts, published, progress } = await bench(1_001, [0, 1]);
  await fillPolicy(policy);
  for (const room of ['group:a', 'group:other']) archived.set(room, stateOf(2, 30));
  parts.down = 'group:a';
  await taken(1);
  assert.deepEqual(await progress(0), FIRST);
  parts.down = '';
  await taken();
  assert.deepEqual(published.map(({ room }) => room).sort(), ['group:a', 'group:other']);
});

test('nothing is vouched for before MongoDB is in the epoch, and answers', async () => {
  const { policy, parts, archived, looks, taken, progress, published } = await bench();
  archived.set('group:missing', stateOf(2, 30));
  parts.archivedEpoch = 'first';
  await fillPolicy(policy);
  await looks();
  assert.deepEqual([await progress(), published], [FIRST, []]);
  Object.assign(parts, { archivedEpoch: 'second', archivedUpTo: 999 }); // it has yet to read what LOG lost
  await looks();
  assert.deepEqual([await progress(), published], [FIRST, []]);
  Object.assign(parts, { archivedUpTo: 1_000, archiveUp: false, archivedEpoch: 'second' });
  await looks();
  assert.deepEqual([await progress(), published], [FIRST, []]);
  parts.archiveUp = true;
  assert.equal((await taken()).length, 1);
});

test('an epoch that begins while MongoDB is read is brought in by another pass', async () => {
  const { policy, archived, users, parts, steps, taken, roomsOf } = await bench();
  await fillPolicy(policy);
  archived.set('group:a', stateOf(2, 30));
  users.set('ann', new Map([['group:a', member(2)]]));
  steps.page = () => {
    if (parts.pages !== 4) return; // the last of the first pass
    Object.assign(parts, { epoch: 'third', archivedEpoch: 'third' });
    users.set('bob', new Map([['group:large', member(5)]]));
  };
  await taken();
  assert.equal(parts.pages, 8);
  assert.deepEqual(await roomsOf('bob'), { 'group:large': 'member 5' });
});

test('a wipe while rooms are compared makes no snapshots: POLICY is to be filled then', async () => {
  const { policy, archived, parts, steps, looks, published, put } = await bench();
  await fillPolicy(policy);
  archived.set('group:a', stateOf(2, 30));
  await put('group:a', stateOf(2, 30));
  steps.page = () => policy.wipe();
  await until('it is wiped', async () => {
    await looks();
    return parts.pages > 0;
  });
  assert.deepEqual(published, []);
});

test('the first epoch follows no other: nothing is compared', async () => {
  const { policy, archived, taken, parts } = await bench(1);
  await fillPolicy(policy);
  archived.set('group:missing', stateOf(2, 30));
  assert.deepEqual([await taken(), parts.pages], [[], 0]);
});
