import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROOM, type RoomState } from '../../../../server/fold/room-state.ts';
import { roomStateJson } from '../../../../server/fold/room-state-json.ts';
import type { RoomArchive } from '../../../../server/membership/archive.ts';
import { LoadedStates, type LoadedStatesOptions } from '../../../../server/membership/loaded-states.ts';
import { PolicyBatch } from '../../../../server/membership/policy-batch.ts';
import type { Covered } from '../../../../server/membership/policy-progress.ts';
import { LOST_VERSIONS } from '../../../../server/membership/snapshot.ts';
import { partKey, readDocument } from '../../../../server/membership/user-documents.ts';
import { StoreUnavailable } from '../../../../server/room/history-store.ts';
import { PublishFailed } from '../../../../server/room/log.ts';
import { until } from '../../../../tools/support/until.ts';
import { publishControl } from '../../../support/chat/control-entries.ts';
import { created } from '../../../support/chat/control-log.ts';
import { fillPolicy } from '../../../support/chat/filled-policy.ts';
import { LARGE_ROOM } from '../../../support/chat/large-room.ts';
import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { MemoryPolicyStore } from '../../../support/chat/memory-policy.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';
import { NO_ARCHIVE } from '../../../support/chat/no-archive.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

const ROOM = 'group:tea';
const COVERED: Covered = { epoch: 'first', at: 0, whole: true };
const KIND = 'channel:tea';
const act = created({ ann: 'owner', bob: 'member' }) as Parameters<typeof publishControl>[3];

async function gateway(options: Partial<LoadedStatesOptions> = {}) {
  const log = new MemoryLog(new MemoryStore());
  const policy = new MemoryPolicyStore();
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const losses: unknown[] = [];
  const states = new LoadedStates({
    policy,
    batch: new PolicyBatch({ policy, soon: queueMicrotask }),
    log,
    top: room => log.top(room),
    archive: NO_ARCHIVE,
    covered: async () => COVERED,
    openRoom: () => undefined,
    isOpenKind: room => room.startsWith('channel:'),
    now: () => clock.now(),
    wallClock: () => clock.wallClock(),
    lost: (...lost) => void losses.push(lost),
    unwritten: (_, error) => void errors.push(error),
    ...options,
  });
  await fillPolicy(policy);
  return { log, policy, clock, states, errors, losses };
}

test('a state is that of POLICY and of the entries of LOG after it, and is in memory for 10 s', async () => {
  const { log, policy, clock, states } = await gateway();
  await publishControl(log, ROOM, 1, act);
  const first = await states.fresh(ROOM);
  await policy.write({ room: ROOM }, roomStateJson(first), 0);
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  clock.pass(10_000);
  const loading = states.current(ROOM);
  assert.ok(loading instanceof Promise);
  assert.equal(states.current(ROOM), loading);
  assert.deepEqual([(await loading).cv, (await loading).members.has('bob')], [2, false]);
  await publishControl(log, ROOM, 3, { act: 'freeze', on: true });
  clock.pass(9_000);
  assert.equal((states.current(ROOM) as RoomState).cv, 2);
  assert.equal((await states.fresh(ROOM)).cv, 3);
  assert.equal((states.current(ROOM) as RoomState).cv, 3);
  clock.pass(10_000);
  assert.ok(states.current(ROOM) instanceof Promise);
  assert.equal(states.known(ROOM)?.cv, 3);
});

test('a state up to an offset is in memory if it was read up to that, at any age, and else asked of the leader', async () => {
  const { log, clock, states } = await gateway();
  await publishControl(log, ROOM, 1, act);
  await states.fresh(ROOM);
  const kicked = await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  assert.equal((states.upTo(ROOM, 1) as RoomState).cv, 1);
  const loading = states.upTo(ROOM, kicked.offset);
  assert.ok(loading instanceof Promise);
  assert.equal((await loading).cv, 2);
  clock.pass(60_000);
  assert.equal((states.upTo(ROOM, kicked.offset) as RoomState).cv, 2);
});

test('an open room answers up to what it delivered, and LOG what is above it', async () => {
  const open = { state: NO_ROOM, latest: 0 };
  const { log, states } = await gateway({ openRoom: () => open });
  const { offset } = await publishControl(log, ROOM, 1, act);
  assert.equal((await states.upTo(ROOM, offset)).cv, 1);
  open.latest = 8;
  assert.ok(!(states.upTo(ROOM, 8) instanceof Promise));
});

test('entries that POLICY has are not read again, and what LOG purged is not missed', async () => {
  let folded = 0;
  const { log, policy, states } = await gateway({ covered: async () => ({ ...COVERED, at: folded }) });
  await publishControl(log, ROOM, 1, act);
  await policy.write({ room: ROOM }, roomStateJson(await states.fresh(ROOM)), 0);
  for (let i = 0; i < 5; i++) log.append(ROOM);
  const load = async () => (await states.load(ROOM, Promise.resolve(log.last))).cv;
  const read = async () => {
    log.readFrom.length = 0;
    assert.equal(await load(), 1);
    return log.readFrom;
  };
  assert.deepEqual(await read(), [1]);
  folded = 4;
  assert.deepEqual(await read(), [4]);
  folded = 6;
  assert.deepEqual(await read(), []);
  folded = 0;
  log.purge(log.last);
  assert.equal(await load(), 1);
});

test('a replica that lags behind the top is not believed', async () => {
  const { log, states } = await gateway();
  await publishControl(log, ROOM, 1, act);
  log.replicaLast = 0;
  await assert.rejects(states.fresh(ROOM), { name: 'ReadFailed' });
});

test('the state of an open room is its own, unless a later one was committed here', async () => {
  let open: { state: RoomState; latest: number } | undefined;
  const { log, policy, states } = await gateway({ openRoom: () => open });
  await publishControl(log, ROOM, 1, act);
  const one = await states.fresh(ROOM);
  open = { state: one, latest: 1 };
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  assert.equal(states.current(ROOM), one);
  policy.asked.length = 0;
  const two = await states.fresh(ROOM);
  assert.deepEqual([two.cv, policy.asked], [2, []]);
  assert.equal(states.current(ROOM), two);
  open = { state: { ...two, cv: 3 }, latest: 3 };
  assert.equal(states.current(ROOM), open.state);
});

test('while POLICY is not filled a group is asked of MongoDB, and a channel goes on without it', async () => {
  const { log, policy, clock, states } = await gateway();
  policy.wipe();
  await assert.rejects(states.fresh(ROOM), { name: 'StoreUnavailable' });
  assert.equal(await states.fresh(KIND), NO_ROOM);
  await publishControl(log, KIND, 1, act);
  clock.pass(10_000);
  assert.equal((await states.fresh(KIND)).cv, 1);
  policy.up = false;
  await assert.rejects(states.load(ROOM, Promise.resolve(0)), { name: 'ReadFailed' });
  assert.equal(await states.load('channel:other', Promise.resolve(0)), NO_ROOM);
  const archived = { ...NO_ROOM, kind: 'group', cv: 7 };
  const other = await gateway({ archive: { ...NO_ARCHIVE, room: async () => archived } });
  other.policy.wipe();
  assert.equal((await other.states.fresh(ROOM)).cv, 7);
});

test('rooms that are opened together share one read of POLICY', async () => {
  const { policy, states } = await gateway();
  const rooms = Array.from({ length: 450 }, (_, index) => `channel:${index}`);
  await Promise.all(rooms.map(room => states.load(room, Promise.resolve(0))));
  assert.equal(policy.asked.length, 3);
});

test('a room that is opened after its rights were loaded reads POLICY once', async () => {
  const { log, policy, states } = await gateway();
  log.append(KIND);
  await states.current(KIND);
  await states.load(KIND, log.top(KIND));
  assert.equal(policy.asked.length, 1);
});

test('a commit is written unless a later version is there, and then to the users', async () => {
  const { log, policy, states, errors } = await gateway();
  await publishControl(log, ROOM, 1, act);
  const one = await states.fresh(ROOM);
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  const two = await states.fresh(ROOM);
  await states.committed(ROOM, two, ['bob']);
  await states.committed(ROOM, one, ['bob', 'ann']);
  assert.deepEqual((await policy.read({ room: ROOM }))?.value, JSON.parse(JSON.stringify(roomStateJson(two))));
  const { value } = (await policy.read({ user: 'ann' })) ?? assert.fail();
  assert.deepEqual(Object.keys((value as { rooms: object }).rooms), [ROOM]);
  const bob = (await policy.read({ user: 'bob' }))?.value as { rooms: Record<string, { state: string }> };
  assert.equal(bob.rooms[ROOM]?.state, 'left');
  policy.up = false;
  await states.committed(ROOM, { ...two, cv: 3 }, []);
  assert.equal(errors.length, 1);
  assert.equal((states.current(ROOM) as RoomState).cv, 3);
});

test('an act waits for the documents of those whom one call names; the end of a large room does not', async () => {
  const { log, policy, states, errors } = await gateway();
  const users = Array.from({ length: 400 }, (_, i) => `u${i}`);
  await publishControl(log, ROOM, 1, created(Object.fromEntries(users.map(user => [user, 'member']))) as typeof act);
  const state = await states.fresh(ROOM);
  const written = async () => {
    const found = await Promise.all(users.map(user => policy.read({ user })));
    return found.filter(entry => entry !== null).length;
  };
  await states.committed(ROOM, state, users.slice(0, 101));
  assert.equal(await written(), 101);
  const released = Promise.withResolvers<void>();
  const commit = states.committed(ROOM, state, users);
  policy.wait = () => released.promise;
  await commit;
  policy.wait = () => Promise.resolve();
  released.resolve();
  await until('all are written', async () => (await written()) === 400);
  policy.write = async (key, ...rest) => {
    if ('user' in key) throw new PublishFailed('full');
    return await MemoryPolicyStore.prototype.write.call(policy, key, ...rest);
  };
  await states.committed(ROOM, { ...state, cv: 2, deleted: true }, users);
  await until('the failure is reported', () => errors.length > 0);
});

/** A room with two versions in POLICY whose log has another epoch. */
async function afterLift(after: Covered, archive: RoomArchive = NO_ARCHIVE) {
  let covered = COVERED;
  const bench = await gateway({ covered: async () => covered, archive });
  const { log, policy, states } = bench;
  await publishControl(log, ROOM, 1, act);
  const one = await states.fresh(ROOM);
  const two: RoomState = { ...one, cv: 2, at: 5, topic: 'Which tea?' };
  await policy.write({ room: ROOM }, roomStateJson(two), 0);
  log.purge(log.last);
  Object.assign(log, { epoch: 'second', from: 1_001, last: 1_000, purged: 1_000 });
  bench.clock.pass(10_000);
  covered = after;
  return { ...bench, one, two };
}

test('the first act in another epoch follows a snapshot, which one of several gateways makes', async () => {
  const covered = { ...COVERED, epoch: 'second' };
  const { log, states, policy } = await afterLift(covered);
  const batch = new PolicyBatch({ policy, soon: queueMicrotask });
  const others = (await gateway({ log, policy, batch, covered: async () => covered })).states;
  const [state, same] = await Promise.all([states.renewed(ROOM), others.renewed(ROOM)]);
  assert.deepEqual([state.cv, state.at, state.topic], [2 + LOST_VERSIONS, 1_001, 'Which tea?']);
  assert.deepEqual(same, state);
  assert.equal((await states.renewed(ROOM)).cv, state.cv);
  assert.equal(log.last, 1_001);
});

test('until POLICY is in the epoch, what MongoDB has more counts, and is not guessed while it is away', async () => {
  const archive: RoomArchive = { ...NO_ARCHIVE };
  const covered = { epoch: 'second', at: 0, whole: false };
  const { states, two } = await afterLift(covered, archive);
  Object.assign(archive, { room: async () => ({ ...two, cv: 4, topic: 'Green' }) });
  assert.equal((await states.load(ROOM, Promise.resolve(1_000))).topic, 'Green');
  assert.deepEqual([(await states.renewed(ROOM)).cv, (await states.fresh(ROOM)).topic], [4 + LOST_VERSIONS, 'Green']);
  const isAway = () => Promise.reject(new StoreUnavailable('switched off'));
  const away = await afterLift(covered, { ...NO_ARCHIVE, room: isAway });
  await assert.rejects(away.states.renewed(ROOM), { name: 'StoreUnavailable' });
});

test('states in memory are given up when the log has another epoch', async () => {
  let epoch = 'first';
  const { log, policy, states } = await gateway({ covered: async () => ({ ...COVERED, epoch }) });
  await publishControl(log, ROOM, 1, act);
  const one = await states.fresh(ROOM);
  await policy.write({ room: ROOM }, roomStateJson(one), 0);
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  assert.equal((await states.fresh(ROOM)).cv, 2);
  // The kick is lost everywhere.
  log.purge(log.last);
  epoch = 'second';
  Object.assign(log, { epoch, from: 1_001, last: 1_000, purged: 1_000 });
  assert.equal((await states.fresh(ROOM)).cv, 1);
});

test('an act waits while LOG ends below the last one, and follows a snapshot once LOG has gone past it', async () => {
  const { log, policy, states, losses } = await gateway();
  await publishControl(log, ROOM, 1, act);
  const one = await states.fresh(ROOM);
  // LOG has lost versions 2 and 3, at offsets 2 and 3.
  const lost: RoomState = { ...one, cv: 3, at: 3, topic: 'lost' };
  await states.committed(ROOM, lost, []);
  await assert.rejects(states.renewed(ROOM), { name: 'ReadFailed' });
  assert.deepEqual(losses, [[ROOM, 'first', 3]]);
  assert.equal(log.last, 1);
  for (let offset = 2; offset <= 3; offset++) log.append('group:other');
  const state = await states.renewed(ROOM);
  assert.deepEqual([state.cv, state.at, state.topic], [3 + LOST_VERSIONS, 4, 'lost']);
  assert.equal((await policy.read({ room: ROOM }))?.revision, 2);
});

test('a user whom a snapshot drops is not a member any more, although POLICY lists the user', async () => {
  const { log, policy, states } = await gateway();
  await publishControl(log, ROOM, 1, act);
  const one = await states.fresh(ROOM);
  await states.committed(ROOM, one, ['ann', 'bob']);
  // The kick is lost everywhere but in the memory of this gateway.
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  await states.fresh(ROOM);
  log.purge(log.last);
  Object.assign(log, { from: 3 });
  assert.equal((await states.renewed(ROOM)).cv, 2 + LOST_VERSIONS);
  const has = async (user: string) =>
    (await readDocument(async part => (await policy.read(partKey(user, part)))?.value))?.has(ROOM);
  assert.deepEqual([await has('ann'), await has('bob')], [true, false]);
});

test('states are kept as far as their members fit', async () => {
  const { policy, states } = await gateway();
  policy.up = false;
  for (let index = 0; index < 300; index++) await states.committed(`group:${index}`, LARGE_ROOM, []);
  assert.deepEqual(
    [100, 101, 299].map(index => states.known(`group:${index}`)?.cv),
    [undefined, 1, 1],
  );
});
