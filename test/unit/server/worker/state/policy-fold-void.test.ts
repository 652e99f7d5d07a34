import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldControl } from '../../../../../server/fold/control-fold.ts';
import { NO_ROOM } from '../../../../../server/fold/room-state.ts';
import { roomStateJson } from '../../../../../server/fold/room-state-json.ts';
import { controlOf } from '../../../../../server/room/control-lane.ts';
import { publishControl, publishSeen } from '../../../../support/chat/control-entries.ts';
import { created } from '../../../../support/chat/control-log.ts';
import { fillPolicy } from '../../../../support/chat/filled-policy.ts';
import { type Act, CREATE, policyFoldBench, ROOM } from '../../../../support/chat/policy-fold-bench.ts';

const BAN = { act: 'ban', user: 'bob', until: 0 } as const;

/** A worker, and the entries of the room that it has not folded, each batch with all that came since the last. */
async function voidBench() {
  const bench = await policyFoldBench();
  const { entries, withoutBodies, make, log } = bench;
  let [fold, folded] = [make(), 0];
  /** @returns offsets that do not count */
  const batch = async () => {
    const fresh = (await entries()).filter(({ room, offset }) => room === ROOM && offset > folded);
    folded = Math.max(folded, ...fresh.map(({ offset }) => offset));
    return [...(await fold.apply(0, withoutBodies(fresh)))];
  };
  const replace = () => {
    fold = make();
  };
  const stateOf = async () => (await entries()).flatMap(each => controlOf(each) ?? []).reduce(foldControl, NO_ROOM);
  const send = async (user: string, seen = 0) => (await publishSeen(log, ROOM, user, seen)).offset;
  const begin = () => fold.begin(0);
  const complete = () => fillPolicy(bench.policy);
  return { ...bench, batch, replace, stateOf, send, begin, complete };
}

test('an entry of a gateway that knew of no act in the room is compared also by a worker that has no state of it', async () => {
  const { log, batch, replace, send, complete, inbox } = await voidBench();
  await complete();
  await publishControl(log, ROOM, 1, CREATE);
  await publishControl(log, ROOM, 2, BAN);
  await batch();
  replace();
  const offset = await send('bob');
  await send('ann');
  assert.deepEqual(await batch(), [offset]);
  assert.equal((await inbox('bob')).filter(({ type }) => type === 'void').length, 1);
});

test('a room without a state is remembered until its first control entry, and no longer than the partition is held', async () => {
  const { log, policy, batch, begin, send, complete } = await voidBench();
  await complete();
  const asked = () => policy.asked.splice(0).filter(keys => keys.includes(ROOM)).length;
  for (const reads of [1, 0]) {
    await send('bob');
    assert.deepEqual(await batch(), []);
    assert.equal(asked(), reads);
  }
  begin();
  await send('bob');
  assert.deepEqual([await batch(), asked()], [[], 1], 'another worker may have folded a control entry meanwhile');
  await publishControl(log, ROOM, 1, CREATE);
  await publishControl(log, ROOM, 2, BAN);
  const inBatch = await send('bob');
  assert.deepEqual(await batch(), [inBatch]);
  const later = await send('bob');
  assert.deepEqual(await batch(), [later]);
});

test('rooms without a state are asked about in batches of keys', async () => {
  const { policy, fold, entries, withoutBodies, send, complete } = await voidBench();
  await complete();
  await send('bob');
  const [sample] = withoutBodies((await entries()).filter(({ room }) => room === ROOM));
  const { message } = sample ?? assert.fail();
  const batch = Array.from({ length: 450 }, (_, index) => {
    const room = `channel:${index}`;
    return { room, offset: index + 1, message: message && { ...message, room, offset: index + 1 } };
  });
  policy.asked.length = 0;
  await fold.apply(0, batch);
  await fold.apply(0, batch);
  assert.deepEqual(
    policy.asked.map(keys => keys.split(' ').length),
    [200, 200, 50],
  );
});

test('while POLICY is not complete the state in MongoDB counts, and without an answer of it entries count', async () => {
  const { log, policy, archived, parts, batch, replace, send, stateOf, complete } = await voidBench();
  await publishControl(log, ROOM, 1, CREATE);
  await publishControl(log, ROOM, 2, BAN);
  await batch();
  archived.set(ROOM, await stateOf());
  const wipe = () => {
    policy.wipe();
    replace();
  };
  wipe();
  parts.archiveUp = false;
  await send('bob');
  assert.deepEqual(await batch(), []);
  parts.archiveUp = true;
  const offset = await send('bob');
  assert.deepEqual(await batch(), [offset], 'what was not known is not remembered');
  wipe();
  await complete();
  await send('bob');
  assert.deepEqual(await batch(), [], 'the mark says that there is no such room');
});

test('a delete of a gateway that knew of no act is compared with MongoDB too, while POLICY is being filled', async () => {
  const { log, policy, archived, parts, batch, make, send, stateOf, complete } = await voidBench();
  await publishControl(log, ROOM, 1, CREATE);
  await publishControl(log, ROOM, 2, BAN);
  await batch();
  const deletes = [
    { user: 'bob', offset: await send('bob'), seen: 0 },
    { user: 'ann', offset: await send('ann'), seen: 0 },
  ];
  archived.set(ROOM, await stateOf());
  policy.wipe();
  log.purge(2);
  const counting = async () => (await make().counting(ROOM, deletes)).map(({ user }) => user);
  assert.deepEqual(await counting(), ['ann']);
  parts.archiveUp = false;
  assert.deepEqual(await counting(), ['bob', 'ann'], 'nothing waits for MongoDB');
  await complete();
  parts.archiveUp = true;
  assert.deepEqual(await counting(), ['bob', 'ann'], 'the mark says that there is no such room');
});

test('an entry of a server has no author who could be restricted', async () => {
  const { log, batch, send, inbox } = await voidBench();
  await publishControl(log, ROOM, 1, CREATE);
  await publishControl(log, ROOM, 2, { act: 'freeze', on: true });
  await send('');
  const offset = await send('bob', 1);
  assert.deepEqual(await batch(), [offset]);
  assert.deepEqual(await inbox(''), []);
});

test('states of large rooms are kept between batches as far as their members fit', async () => {
  const { policy, fold, entries, withoutBodies, stateOf, log } = await voidBench();
  const members = Object.fromEntries(Array.from({ length: 999 }, (_, index) => [`user ${index}`, 'member' as const]));
  await publishControl(log, ROOM, 1, created({ ...members, ann: 'owner' }) as Act);
  const value = roomStateJson(await stateOf());
  const asked: string[] = [];
  policy.read = async key => {
    asked.push(JSON.stringify(key));
    return { value, revision: 1 };
  };
  const { offset } = await publishSeen(log, ROOM, 'ann', 1);
  const [sample] = withoutBodies((await entries()).filter(each => each.offset === offset));
  const { message } = sample ?? assert.fail();
  const apply = async (...rooms: readonly number[]) => {
    asked.length = 0;
    const of = (room: string) => ({ room, offset, message: message && { ...message, room } });
    await fold.apply(
      0,
      rooms.map(room => of(`group:${room}`)),
    );
    return asked.length;
  };
  await apply(...Array.from({ length: 250 }, (_, index) => index));
  assert.deepEqual([await apply(249), await apply(60), await apply(0)], [0, 0, 1]);
});
