import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoadedUserRooms, type LoadedUserRoomsOptions } from '../../../../server/membership/loaded-user-rooms.ts';
import { PolicyBatch } from '../../../../server/membership/policy-batch.ts';
import type { UserRoom } from '../../../../server/membership/room-states.ts';
import { writeUserRoom } from '../../../../server/membership/user-documents.ts';
import { StoreUnavailable } from '../../../../server/room/history-store.ts';
import type { StoredMessage } from '../../../../server/room/message.ts';
import type { OwnMembership } from '../../../../server/room/room-changes.ts';
import { fillPolicy } from '../../../support/chat/filled-policy.ts';
import { MemoryPolicyStore } from '../../../support/chat/memory-policy.ts';
import { NO_ARCHIVE } from '../../../support/chat/no-archive.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';

const ROOM = 'channel:tea';
const own = (offset: number, on: boolean, seen = 1): OwnMembership => ({
  user: 'bob',
  room: ROOM,
  offset,
  on,
  since: 7,
  seen,
});
const kicked: UserRoom = { state: 'left', rank: 'member', since: 0, cv: 2, kind: 'channel' };

/** An own act as the inbox delivers it. */
const entryOf = ({ user, room, offset, on, since, seen }: OwnMembership) => {
  const body = Buffer.from(JSON.stringify({ type: 'member', id: 'x', room, on, since, seen }));
  return { room: `user:${user}`, offset, type: 'member', id: 'x', user, cv: 0, body } as unknown as StoredMessage;
};

async function gateway(policy = new MemoryPolicyStore(), options: Partial<LoadedUserRoomsOptions> = {}) {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const rooms = new LoadedUserRooms({
    policy,
    batch: new PolicyBatch({ policy, soon: queueMicrotask }),
    archive: NO_ARCHIVE,
    covered: async () => ({ epoch: 'first', at: 0, whole: true }),
    now: () => clock.now(),
    unwritten: (_, error) => void errors.push(error),
    ...options,
  });
  await fillPolicy(policy);
  const state = async () => (await rooms.of('bob')).get(ROOM)?.state;
  return { policy, clock, rooms, errors, state };
}

test('an own act is in the document of the user once it is answered, for every gateway', async () => {
  const here = await gateway();
  const there = await gateway(here.policy);
  await there.rooms.current('bob');
  await here.rooms.acted(own(5, true));
  assert.deepEqual([await here.state(), await there.state()], ['member', 'member']);
  assert.equal((await here.rooms.current('bob')).get(ROOM)?.since, 7);
  await there.rooms.acted(own(9, false));
  assert.deepEqual([await here.state(), await there.state()], [undefined, undefined]);
});

test('of own acts the last in the inbox counts, and an act of staff that it had not seen, in whatever order they are written', async () => {
  const join = async ({ rooms }: Awaited<ReturnType<typeof gateway>>) => await rooms.acted(own(5, true));
  const leave = async ({ rooms }: Awaited<ReturnType<typeof gateway>>) => await rooms.acted(own(9, false));
  const kick = async ({ policy }: Awaited<ReturnType<typeof gateway>>) =>
    await writeUserRoom(policy, 'bob', ROOM, kicked);
  const back = async ({ rooms }: Awaited<ReturnType<typeof gateway>>) => await rooms.acted(own(12, true, 2));
  for (const [expected, ...steps] of [
    [undefined, leave, join],
    [undefined, kick, join],
    [undefined, join, kick],
    ['member', kick, back, join, leave],
    ['member', back, kick],
  ] as const) {
    const here = await gateway();
    for (const step of steps) await step(here);
    assert.equal(await (await gateway(here.policy)).state(), expected, steps.map(({ name }) => name).join());
  }
});

test('a gateway that delivered an own act lists it, also before it is in the document', async () => {
  const { policy, rooms, clock, state } = await gateway();
  assert.equal(await state(), undefined);
  rooms.noted('bob', entryOf(own(5, true)));
  assert.equal(await state(), 'member');
  rooms.noted('bob', entryOf(own(9, false)));
  rooms.noted('bob', entryOf(own(5, true)));
  assert.equal(await state(), undefined);
  rooms.noted('bob', entryOf(own(12, true)));
  await writeUserRoom(policy, 'bob', ROOM, kicked);
  assert.equal(await state(), undefined, 'an act of staff that it had not seen counts');
  rooms.noted('bob', entryOf(own(15, true, 2)));
  assert.equal(await state(), 'member');
  clock.pass(60_000);
  assert.equal(await state(), undefined, 'after a minute the document has it, or it was lost');
});

test('a read that began before a change is not kept', async () => {
  const { policy, rooms } = await gateway();
  const held = Promise.withResolvers<void>();
  policy.wait = () => held.promise;
  const reading = rooms.current('bob');
  policy.wait = () => Promise.resolve();
  await rooms.acted(own(5, true));
  held.resolve();
  await reading;
  assert.equal((await rooms.current('bob')).get(ROOM)?.state, 'member');
});

test('an own act that cannot be written is left to the worker', async () => {
  const { policy, rooms, errors, state } = await gateway();
  policy.up = false;
  await rooms.acted(own(5, true));
  policy.up = true;
  assert.deepEqual([errors.length, await state()], [1, 'member']);
});

test('a call that asks once leaves the rooms of a user in memory only in place of older ones', async () => {
  const { policy, rooms } = await gateway();
  const member: UserRoom = { state: 'member', rank: 'member', since: 1, cv: 1, kind: 'group' };
  await writeUserRoom(policy, 'bob', 'group:a', member);
  assert.equal((await rooms.ofOnce('bob')).size, 1);
  assert.equal(rooms.known('bob'), undefined);
  await rooms.of('bob');
  await writeUserRoom(policy, 'bob', 'group:b', member);
  assert.equal((await rooms.ofOnce('bob')).size, 2);
  assert.equal(rooms.known('bob')?.size, 2);
});

const GROUP = 'group:tea';
const inGroup = (cv: number, known: Partial<UserRoom> = {}): UserRoom => ({
  ...{ state: 'member', rank: 'member', since: 1, cv, kind: 'group' },
  ...known,
});
const outOfGroup = (cv: number) => inGroup(cv, { state: 'left', since: 0 });

/** A gateway with one room of bob in MongoDB, or none. */
async function archived(room: UserRoom | null, options: Partial<LoadedUserRoomsOptions> = {}) {
  const archive = { up: true };
  const roomsOf = async () => {
    if (!archive.up) throw new StoreUnavailable('switched off');
    return new Map(room ? [[GROUP, room] as const] : []);
  };
  return { archive, ...(await gateway(new MemoryPolicyStore(), { archive: { roomsOf }, ...options })) };
}

/** Gateways whose POLICY may lack rooms: it is being filled, or has not been brought into the epoch. */
const lacking = async (room: UserRoom | null) => {
  const unfilled = await archived(room);
  unfilled.policy.wipe();
  const covered = async () => ({ epoch: 'second', at: 0, whole: false });
  return [unfilled, await archived(room, { covered })];
};

test('until POLICY is filled and in the epoch, a document that was written meanwhile hides no room of MongoDB', async () => {
  for (const { rooms, archive } of await lacking(inGroup(4))) {
    assert.deepEqual([...(await rooms.of('bob')).keys()], [GROUP]);
    await rooms.acted(own(5, true));
    assert.deepEqual([...(await rooms.of('bob')).keys()].sort(), [ROOM, GROUP]);
    archive.up = false;
    await assert.rejects(rooms.of('bob'), StoreUnavailable, 'what cannot be known is a temporary error');
  }
});

test('of what POLICY and MongoDB know about a user in a room the later word counts', async () => {
  const after = async (stored: UserRoom | null, there: UserRoom | null) =>
    await Promise.all(
      (await lacking(there)).map(async ({ policy, rooms }) => {
        if (stored) await writeUserRoom(policy, 'bob', GROUP, stored);
        return (await rooms.of('bob')).get(GROUP)?.rank;
      }),
    );
  const admin = (cv: number) => inGroup(cv, { rank: 'admin' });
  const both = (rank: string | undefined) => [rank, rank];
  assert.deepEqual(await after(admin(5), inGroup(4)), both('admin'));
  assert.deepEqual(await after(inGroup(4), admin(5)), both('admin'));
  assert.deepEqual(await after(admin(5), inGroup(5)), both('admin'), 'of one version that of POLICY');
  assert.deepEqual(await after(outOfGroup(5), admin(4)), both(undefined));
  assert.deepEqual(await after(admin(4), outOfGroup(5)), both(undefined));
  assert.deepEqual(await after(outOfGroup(5), inGroup(5, { own: 9 })), both('member'), 'a join that had seen the kick');
  assert.deepEqual(await after(null, outOfGroup(5)), both(undefined), 'a room that was left is in no list');
  assert.deepEqual(await after(null, null), both(undefined));
});

test('once POLICY is filled and in the epoch, MongoDB is not asked', async () => {
  const { rooms, archive, policy } = await archived(inGroup(4));
  archive.up = false;
  assert.equal((await rooms.of('bob')).size, 0);
  await writeUserRoom(policy, 'bob', ROOM, { ...inGroup(1), kind: 'channel' });
  assert.deepEqual([...(await rooms.of('bob')).keys()], [ROOM]);
});

test('documents of users in many rooms are kept as far as their rooms fit', async () => {
  const member: UserRoom = { state: 'member', rank: 'member', since: 1, cv: 1, kind: 'group' };
  const archived = new Map(Array.from({ length: 2_000 }, (_, index) => [`group:${index}`, member]));
  const { rooms } = await gateway(undefined, {
    covered: async () => ({ epoch: 'first', at: 0, whole: false }),
    archive: { roomsOf: async () => archived },
  });
  for (let index = 0; index < 110; index++) await rooms.current(`user ${index}`);
  const kept = Array.from({ length: 110 }, (_, index) => index).filter(index => rooms.known(`user ${index}`));
  assert.deepEqual([kept.at(0), kept.at(-1)], [10, 109]);
});

test('of the own acts of a user the last 200 are remembered, however long the user goes on', async () => {
  const { policy, clock, rooms } = await gateway();
  policy.refuses = key => 'user' in key;
  for (let index = 0; index < 300; index++) {
    await rooms.acted({ ...own(index + 1, true), room: `channel:${index}` });
    clock.pass(1_000);
  }
  const known = [...(await rooms.of('bob')).keys()];
  assert.deepEqual([known.length, known.at(0), known.at(-1)], [200, 'channel:100', 'channel:299']);
});
