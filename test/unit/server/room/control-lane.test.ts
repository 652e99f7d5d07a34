import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROOM, type RoomState } from '../../../../server/fold/room-state.ts';
import { ERRORS } from '../../../../server/protocol/codes.ts';
import type { RoomControl } from '../../../../server/room/control-lane.ts';
import { publishControl, publishSeen } from '../../../support/chat/control-entries.ts';
import { created } from '../../../support/chat/control-log.ts';
import { LogStates } from '../../../support/chat/log-states.ts';
import { TestMember, TestRooms, type TestRoomsOptions } from '../../../support/chat/test-rooms.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'group:tea';
const HIDDEN = { error: ERRORS.permissionDenied, detail: 'hidden' };
type Members = Parameters<typeof created>[0];

/** A group whose members alone may read it. */
async function group(members: Members, options: TestRoomsOptions = {}) {
  const parts: { control?: RoomControl } = {};
  const control: RoomControl = {
    load: async (room, top) => {
      await top;
      return (await parts.control?.load(room, top)) ?? NO_ROOM;
    },
    refusal: (_, state, user) => refusal(state, user),
    readableAbove: () => null,
    confirmed: async (_, user) => refusal(await states.fresh(ROOM), user),
    lost: () => undefined,
    noted: () => undefined,
  };
  const all = new TestRooms({ ...options, control });
  const states = new LogStates(all.log, all.joining.reader);
  parts.control = { ...control, load: room => states.fresh(room) };
  const refusal = (state: RoomState, user: string) =>
    state.members.get(user)?.state === 'member' && !state.deleted ? null : HIDDEN;
  const control_ = (cv: number, act: Parameters<typeof publishControl>[3], by?: string) =>
    publishControl(all.log, ROOM, cv, act, by).then(({ offset }) => offset);
  await control_(1, created(members) as Parameters<typeof publishControl>[3]);
  const join = (user: string, from: number | null = null, member = new TestMember(all, user)) =>
    all.join(ROOM, from === null ? null : { offset: from, epoch: '' }, member);
  const say = (user: string, seen: number) => publishSeen(all.log, ROOM, user, seen).then(({ offset }) => offset);
  return { all, states, control: control_, join, say, parts };
}

const CREW = { ann: 'owner', bob: 'member', eve: 'member' } as const;

test('a member who is kicked gets the kick as the last entry, on every connection; the others go on', async () => {
  const { control, join, say } = await group(CREW);
  const [bob, phone, eve] = [await join('bob'), await join('bob'), await join('eve')];
  const before = await say('ann', 1);
  const kick = await control(2, { act: 'kick', user: 'bob' });
  const after = await say('ann', 2);
  assert.deepEqual(
    [bob, phone].map(({ offsets, removals }) => [offsets, removals]),
    Array(2).fill([[before, kick], [ROOM]]),
  );
  assert.deepEqual([eve.offsets, eve.removals], [[before, kick, after], []]);
});

test('an open room that is frozen leaves out what a gateway had not checked since, and no entry of a server', async () => {
  const { control, join, say } = await group(CREW);
  const eve = await join('eve');
  const freeze = await control(2, { act: 'freeze', on: true });
  await say('bob', 1);
  const offset = await say('', 0);
  assert.deepEqual(eve.offsets, [freeze, offset]);
});

test('a user who may not read the room is refused, also one with a position', async () => {
  const { control, join } = await group(CREW);
  await control(2, { act: 'kick', user: 'bob' });
  const refused = { name: 'CommandError', message: 'hidden' };
  await assert.rejects(join('bob'), refused);
  await assert.rejects(join('bob', 1), refused);
  await assert.rejects(join('zoe'), refused);
  assert.deepEqual((await join('eve', 1)).offsets, [2]);
});

test('a member who is added again before this gateway knows is not refused', async () => {
  const { all, control, join } = await group(CREW);
  await join('eve');
  await control(2, { act: 'kick', user: 'bob' });
  all.log.loses = () => true;
  const added = await control(3, { act: 'add', users: [{ user: 'bob', rank: 'member' }] });
  const bob = await join('bob');
  all.log.loses = () => false;
  await all.rooms.recheck();
  await settle();
  assert.deepEqual([bob.offsets, bob.removals], [[added], []]);
});

test('a kick that is lost on the way cuts at its place once it is read', async () => {
  const { all, control, join, say } = await group(CREW);
  const bob = await join('bob');
  all.log.loses = () => true;
  const kick = await control(2, { act: 'kick', user: 'bob' });
  await say('ann', 2);
  all.log.loses = () => false;
  await say('ann', 2);
  await settle();
  assert.deepEqual([bob.offsets, bob.removals], [[kick], [ROOM]]);
});

test('a member who recovers while being kicked gets everything up to the kick and nothing after it', async () => {
  for (const tailMessages of [2, 100])
    for (const lost of [false, true]) {
      const { all, control, join, say } = await group(CREW, { chunk: 3, tailMessages });
      await join('eve');
      for (let i = 0; i < 10; i++) await say('ann', 1);
      const slow = new TestMember(all, 'bob');
      slow.slow = true;
      const entering = join('bob', 1, slow);
      await settle();
      all.log.loses = () => lost;
      const kick = await control(2, { act: 'kick', user: 'bob' });
      for (let i = 0; i < 10; i++) await say('ann', 2);
      if (lost) await all.rooms.recheck();
      for (let i = 0; i < 20 && slow.removals.length === 0; i++) {
        slow.read();
        await settle();
      }
      await entering;
      slow.read();
      const expected = Array.from({ length: kick - 1 }, (_, index) => index + 2);
      assert.deepEqual([slow.offsets, slow.removals], [expected, [ROOM]], `tail ${tailMessages}, lost ${lost}`);
    }
});

test('a message that its gateway checked before a restriction of its author is shown nowhere', async () => {
  const { all, control, join, say } = await group(CREW);
  const eve = await join('eve');
  const good = await say('bob', 1);
  const mute = await control(2, { act: 'mute', user: 'bob', until: 9_000_000_000_000 });
  await say('bob', 1);
  const checked = await say('bob', 2);
  const other = await say('eve', 1);
  assert.deepEqual(eve.offsets, [good, mute, checked, other]);
  const freeze = await control(3, { act: 'freeze', on: true });
  await say('eve', 2);
  assert.deepEqual(eve.offsets, [good, mute, checked, other, freeze]);
  assert.deepEqual((await join('eve', freeze - 1)).offsets, [freeze]);
  assert.equal(all.rooms.find(ROOM)?.latest, freeze + 1);
});

test('a room that is deleted is left by all, a member who leaves goes alone', async () => {
  const { control, join } = await group(CREW);
  const [ann, bob, eve] = [await join('ann'), await join('bob'), await join('eve')];
  const leave = await control(2, { act: 'leave' }, 'bob');
  const end = await control(3, { act: 'delete' });
  assert.deepEqual([ann.removals, bob.removals, eve.removals], [[ROOM], [ROOM], [ROOM]]);
  assert.deepEqual([ann.offsets, bob.offsets, eve.offsets], [[leave, end], [leave], [leave, end]]);
});

test('an entry that does not count cuts nobody', async () => {
  const { all, control, join } = await group(CREW);
  const bob = await join('bob');
  await control(2, { act: 'update', name: 'Coffee' });
  all.log.forgetIds();
  const late = await control(2, { act: 'kick', user: 'bob' });
  assert.deepEqual([bob.offsets.at(-1), bob.removals], [late, []]);
});

test('after a loss of entries the room is loaded again, and members who are none any more go', async () => {
  const { all, states, control, join, parts } = await group(CREW);
  const [ann, bob] = [await join('ann'), await join('bob')];
  const loaded = await states.fresh(ROOM);
  // What the store of rights knows, and LOG lost.
  const repaired = { ...loaded, cv: 7, members: new Map([...loaded.members].filter(([user]) => user !== 'bob')) };
  const before = parts.control;
  if (before) parts.control = { ...before, load: async () => repaired };
  states.fresh = async () => repaired;
  const next = await control(8, { act: 'update', name: 'Coffee' });
  await settle();
  assert.deepEqual([bob.offsets, bob.removals, ann.removals], [[next], [ROOM], []]);
  assert.equal(all.rooms.find(ROOM)?.lane.state.cv, 7);
});
