import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoadedUserRooms } from '../../../../server/membership/loaded-user-rooms.ts';
import { PolicyBatch } from '../../../../server/membership/policy-batch.ts';
import { COMPLETE } from '../../../../server/membership/policy-store.ts';
import type { UserRoom } from '../../../../server/membership/room-states.ts';
import { writeUserRoom } from '../../../../server/membership/user-documents.ts';
import type { StoredMessage } from '../../../../server/room/message.ts';
import type { OwnMembership } from '../../../../server/room/room-changes.ts';
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

async function gateway(policy = new MemoryPolicyStore()) {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const rooms = new LoadedUserRooms({
    policy,
    batch: new PolicyBatch({ policy, soon: queueMicrotask }),
    archive: NO_ARCHIVE,
    now: () => clock.now(),
    unwritten: (_, error) => void errors.push(error),
  });
  if (!(await policy.read(COMPLETE))) await policy.write(COMPLETE, {}, 0);
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
