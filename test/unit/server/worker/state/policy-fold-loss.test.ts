import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldControl } from '../../../../../server/fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../../../../../server/fold/room-state.ts';
import { roomStateJson } from '../../../../../server/fold/room-state-json.ts';
import { LOST_VERSIONS } from '../../../../../server/membership/snapshot.ts';
import { controlOf } from '../../../../../server/room/control-lane.ts';
import { PublishFailed } from '../../../../../server/room/log.ts';
import { publishControl, publishSeen } from '../../../../support/chat/control-entries.ts';
import { created } from '../../../../support/chat/control-log.ts';
import { MemoryPolicyStore } from '../../../../support/chat/memory-policy.ts';
import { type Act, policyFoldBench, ROOM } from '../../../../support/chat/policy-fold-bench.ts';

/** A worker without POLICY: MongoDB has version 1, LOG has versions 1 and 2. */
async function wiped() {
  const bench = await policyFoldBench();
  const { log, archived, entries, withoutBodies, fold } = bench;
  const stateOf = async (upto = Number.POSITIVE_INFINITY): Promise<RoomState> =>
    (await entries())
      .flatMap(each => controlOf(each) ?? [])
      .filter(({ cv }) => cv <= upto)
      .reduce(foldControl, NO_ROOM);
  await publishControl(log, ROOM, 1, created({ ann: 'owner', bob: 'member', eve: 'member' }) as Act);
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  archived.set(ROOM, await stateOf(1));
  const last = async () => await fold.apply(0, withoutBodies((await entries()).slice(-1)));
  return { ...bench, stateOf, last };
}

test('no snapshot takes the place of acts that LOG has, where POLICY was wiped and MongoDB is behind', async () => {
  const { log, stateOf, last, state } = await wiped();
  await publishControl(log, ROOM, 3, { act: 'kick', user: 'eve' });
  await last();
  const { cv, members } = await stateOf();
  assert.deepEqual([cv, [...members.keys()]], [3, ['ann']]);
  assert.deepEqual(await state(), await stateOf());
});

test('an act that is purged from LOG while the state is read is not taken for a lost one', async () => {
  const { log, archived, stateOf, last, state, entries } = await wiped();
  await publishControl(log, ROOM, 3, { act: 'update', topic: 'Leaves' });
  await publishControl(log, ROOM, 4, { act: 'kick', user: 'eve' });
  const later = [await stateOf(2), await stateOf(3)];
  const archive = archived.get.bind(archived);
  // An act moves from LOG to MongoDB after each read of MongoDB, so that no second attempt finds what the first one missed.
  archived.get = room => {
    const found = archive(room);
    const moved = later.shift();
    if (moved) {
      archived.set(ROOM, moved);
      log.purge(moved.at);
    }
    return found;
  };
  await last();
  const { cv, topic, members } = (await state()) ?? NO_ROOM;
  assert.deepEqual([cv, topic, [...members.keys()], later], [4, 'Leaves', ['ann'], []]);
  assert.deepEqual(
    (await entries()).filter(entry => entry.cv > 4),
    [],
  );
});

test('an entry that is really missing is followed by one snapshot, of all that is known', async () => {
  const { log, last, entries, run, stateOf } = await wiped();
  await publishControl(log, ROOM, 4, { act: 'update', topic: 'void' });
  await last();
  await publishControl(log, ROOM, 5, { act: 'update', topic: 'void too' });
  await last();
  await run();
  const snapshots = (await entries()).flatMap(each => controlOf(each) ?? []).filter(({ cv }) => cv > LOST_VERSIONS);
  assert.deepEqual(
    snapshots.map(({ cv, control }) => [cv, control.act]),
    [[4 + LOST_VERSIONS, 'snapshot']],
  );
  const { members, topic } = await stateOf();
  assert.deepEqual([[...members.keys()].sort(), topic], [['ann', 'eve'], '']);
});

test('a message of a user who was restricted does not count, where POLICY was wiped and MongoDB is behind', async () => {
  const { log, fold, entries, withoutBodies } = await wiped();
  const { offset } = await publishSeen(log, ROOM, 'bob', 1);
  const batch = withoutBodies((await entries()).filter(each => each.offset === offset));
  assert.deepEqual([...(await fold.apply(0, batch))], [offset]);
});

test('users whom a snapshot drops are not members any more, although the worker ends after any write', async () => {
  let ended = true;
  for (let writes = 0; ended; writes++) {
    const { log, policy, run, make, roomsOf, entries, withoutBodies } = await policyFoldBench();
    await publishControl(log, ROOM, 1, created({ ann: 'owner', bob: 'member', eve: 'member' }) as Act);
    await run();
    const state = (await entries()).flatMap(each => controlOf(each) ?? []).reduce(foldControl, NO_ROOM);
    const members = new Map([...state.members].filter(([user]) => user === 'ann'));
    const control = { act: 'snapshot', state: roomStateJson({ ...state, cv: 3, count: 1, members }) } as Act;
    await publishControl(log, ROOM, 3 + LOST_VERSIONS, control);
    let left = writes;
    ended = false;
    const { write } = MemoryPolicyStore.prototype;
    policy.write = async (...parts) => {
      ended ||= left === 0;
      if (ended) throw new PublishFailed('ended');
      left -= 1;
      return await write.call(policy, ...parts);
    };
    await run().catch(() => undefined);
    policy.write = write;
    // The position says that the first entry is folded.
    await make().apply(0, withoutBodies((await entries()).filter(each => each.cv > 1)));
    assert.deepEqual([...(await roomsOf('bob')).keys(), ...(await roomsOf('eve')).keys()], [], `after ${writes}`);
    assert.deepEqual([...(await roomsOf('ann')).keys()], [ROOM]);
  }
});

test('a user whom MongoDB does not list after a lost entry is not a member any more', async () => {
  const { log, archived, run, roomsOf, entries } = await policyFoldBench();
  await publishControl(log, ROOM, 1, created({ ann: 'owner', bob: 'member' }) as Act);
  await run();
  const state = (await entries()).flatMap(each => controlOf(each) ?? []).reduce(foldControl, NO_ROOM);
  const members = new Map([...state.members].filter(([user]) => user === 'ann'));
  archived.set(ROOM, { ...state, cv: 2, count: 1, members });
  await publishControl(log, ROOM, 4, { act: 'update', topic: 'void' });
  await run();
  assert.deepEqual([...(await roomsOf('bob')).keys()], []);
});
