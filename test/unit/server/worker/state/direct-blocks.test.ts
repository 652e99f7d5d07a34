import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRoomState } from '../../../../../server/fold/room-state-json.ts';
import { directRoom } from '../../../../../server/membership/direct-room.ts';
import { publishContact } from '../../../../support/chat/contact-entries.ts';
import { publishControl, publishSeen } from '../../../../support/chat/control-entries.ts';
import { created } from '../../../../support/chat/control-log.ts';
import { fillPolicy } from '../../../../support/chat/filled-policy.ts';
import { type Act, policyFoldBench } from '../../../../support/chat/policy-fold-bench.ts';

const DM = directRoom('ann', 'bob');
const CREATE = { ...created({ ann: 'member', bob: 'member' }), kind: 'dm' } as Act;

/** A worker whose POLICY lacks nothing, and a log that gateways wrote which ended at once. */
async function bench() {
  const all = await policyFoldBench();
  const { log, policy, rooms } = all;
  rooms.push(DM);
  await fillPolicy(policy);
  const acts = async () =>
    (await log.readAfter(DM, 0, 100)).messages.flatMap(({ type, user, cv, body }) =>
      cv > 0 ? [`${type} ${user} ${(JSON.parse(Buffer.from(body).toString()) as { act: string }).act}`] : [],
    );
  const blocks = async () => readRoomState((await policy.read({ room: DM }))?.value)?.blocks;
  return { ...all, acts, blocks };
}

test('a block that its gateway did not take to the room is taken there by the worker, once', async () => {
  const { log, run, make, acts, blocks } = await bench();
  await publishControl(log, DM, 1, CREATE);
  await publishContact(log, 'ann', 'block', 'bob');
  await run();
  assert.deepEqual([await acts(), await blocks()], [['room ann create', 'pair ann block'], ['ann']]);
  await run(make(), true);
  await publishContact(log, 'ann', 'unblock', 'bob');
  await run();
  await run(make(), true);
  const all = ['room ann create', 'pair ann block', 'pair ann unblock'];
  assert.deepEqual([await acts(), await blocks()], [all, []]);
});

test('a block before the room is made, and one that the gateway took to the room, are there once', async () => {
  const { log, run, acts, blocks } = await bench();
  await publishContact(log, 'bob', 'block', 'ann');
  await run();
  assert.deepEqual(await acts(), []);
  await publishControl(log, DM, 1, CREATE);
  await run();
  assert.deepEqual([await acts(), await blocks()], [['room ann create', 'pair bob block'], ['bob']]);
  await publishContact(log, 'ann', 'block', 'bob');
  await publishControl(log, DM, 3, { act: 'block' }, 'ann');
  await run();
  assert.deepEqual(await acts(), ['room ann create', 'pair bob block', 'pair ann block']);
  assert.deepEqual(await blocks(), ['bob', 'ann']);
});

test('a block that comes to the room after its unblock is ended again', async () => {
  const { log, run, acts, blocks } = await bench();
  await publishControl(log, DM, 1, CREATE);
  await publishContact(log, 'ann', 'block', 'bob');
  await publishContact(log, 'ann', 'unblock', 'bob');
  await publishControl(log, DM, 2, { act: 'block' }, 'ann');
  await run();
  assert.deepEqual((await acts()).at(-1), 'pair ann unblock');
  assert.deepEqual(await blocks(), []);
});

test('while POLICY may lack blocks no room is changed', async () => {
  const { log, policy, run, acts } = await bench();
  policy.wipe();
  await publishControl(log, DM, 1, CREATE);
  await publishContact(log, 'ann', 'block', 'bob');
  await run();
  assert.deepEqual(await acts(), ['room ann create']);
});

test('of messages around a block those count that were stored before it', async () => {
  const { log, run, inbox } = await bench();
  await publishControl(log, DM, 1, CREATE);
  await publishSeen(log, DM, 'bob', 1);
  await publishControl(log, DM, 2, { act: 'block' }, 'ann');
  await publishContact(log, 'ann', 'block', 'bob');
  const { offset } = await publishSeen(log, DM, 'bob', 1);
  await publishSeen(log, DM, 'ann', 1);
  await run();
  const voids = async (user: string) =>
    (await inbox(user)).filter(({ type }) => type === 'void').map(each => (each as { offset?: number }).offset);
  assert.deepEqual([(await voids('bob')).length, (await voids('ann')).length], [1, 1]);
  assert.deepEqual(await voids('bob'), [offset]);
});
