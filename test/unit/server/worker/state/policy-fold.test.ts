import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { foldControl } from '../../../../../server/fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../../../../../server/fold/room-state.ts';
import { readRoomState, roomStateJson } from '../../../../../server/fold/room-state-json.ts';
import { writeRoom } from '../../../../../server/membership/policy-writes.ts';
import { LOST_VERSIONS } from '../../../../../server/membership/snapshot.ts';
import { controlOf } from '../../../../../server/room/control-lane.ts';
import { StoreUnavailable } from '../../../../../server/room/history-store.ts';
import { PolicyFill } from '../../../../../server/worker/state/policy-fill.ts';
import { PolicyPosition } from '../../../../../server/worker/state/policy-position.ts';
import { until } from '../../../../../tools/support/until.ts';
import { publishControl, publishSeen } from '../../../../support/chat/control-entries.ts';
import { created } from '../../../../support/chat/control-log.ts';
import { isFilled } from '../../../../support/chat/filled-policy.ts';
import { type Act, CREATE, policyFoldBench, ROOM } from '../../../../support/chat/policy-fold-bench.ts';
import { ENTRY_EXAMPLES, shapeOf } from '../../../../support/docs/entry-examples.ts';

test('what no gateway wrote is written, and each user is told once, however often entries come', async () => {
  const { log, run, make, inbox, state, roomsOf, policy } = await policyFoldBench();
  await publishControl(log, ROOM, 1, CREATE);
  await publishControl(log, ROOM, 2, { act: 'invite', users: ['eve'] });
  await publishControl(log, ROOM, 3, { act: 'kick', user: 'bob' });
  await run();
  const first = await state();
  await run(make(), true);
  assert.deepEqual([(await state())?.cv, await state()], [3, first]);
  assert.deepEqual([[...(await roomsOf('ann')).keys()], (await roomsOf('bob')).size], [[ROOM], 0]);
  assert.equal((await roomsOf('eve')).get(ROOM)?.state, 'invited');
  assert.deepEqual(
    (await inbox('bob')).map(({ type, act, state }) => [type, act, state]),
    [
      ['member', 'create', 'member'],
      ['member', 'kick', 'left'],
    ],
  );
  assert.deepEqual(
    (await inbox('eve')).map(({ type }) => type),
    ['invite'],
  );
  policy.wipe();
  await run(make(), true);
  assert.deepEqual(await state(), first);
  assert.equal((await inbox('bob')).length, 2);
});

test('a notice tells the relation that its entry made, also where POLICY has what later entries made of it', async () => {
  const { log, run, make, inbox, policy } = await policyFoldBench();
  await publishControl(log, ROOM, 1, CREATE);
  await publishControl(log, ROOM, 2, { act: 'invite', users: ['eve'] });
  await publishControl(log, ROOM, 3, { act: 'accept' }, 'eve');
  await publishControl(log, ROOM, 4, { act: 'role', user: 'eve', rank: 'moderator' });
  await publishControl(log, ROOM, 5, { act: 'mute', user: 'eve', until: 9_000 });
  await publishControl(log, ROOM, 6, { act: 'kick', user: 'bob' });
  await publishControl(log, ROOM, 7, { act: 'kick', user: 'eve' });
  const messages = (await log.readAfter(ROOM, 0, 100)).messages;
  const last = messages.flatMap(message => controlOf(message) ?? []).reduce(foldControl, NO_ROOM);
  await writeRoom(policy, ROOM, last);
  await run(make());
  const told = async (user: string) =>
    (await inbox(user)).map(body => {
      const { type, act, state, rank, cv } = body as unknown as { readonly [field: string]: string | number };
      return [type, act, state, rank, cv];
    });
  assert.deepEqual(await told('bob'), [
    ['member', 'create', 'member', 'member', 1],
    ['member', 'kick', 'left', 'member', 6],
  ]);
  assert.deepEqual(await told('eve'), [
    ['invite', 'invite', 'invited', 'member', 2],
    ['member', 'accept', 'member', 'member', 3],
    ['member', 'role', 'member', 'moderator', 4],
    ['member', 'mute', 'member', 'member', 5],
    ['member', 'kick', 'left', 'member', 7],
  ]);
});

test('the end of a room is told to those who are in it, and not to banned users', async () => {
  const { log, run, inbox } = await policyFoldBench();
  await publishControl(log, ROOM, 1, CREATE);
  await publishControl(log, ROOM, 2, { act: 'invite', users: ['eve'] });
  await publishControl(log, ROOM, 3, { act: 'ban', user: 'bob', until: 0 });
  await publishControl(log, ROOM, 4, { act: 'delete' });
  await run();
  const told = async (user: string) => (await inbox(user)).map(({ act, state }) => [act, state]);
  assert.deepEqual((await told('eve')).at(-1), ['delete', 'left']);
  assert.deepEqual((await told('bob')).at(-1), ['ban', 'left']);
});

test('an entry that does not count changes nothing and tells nobody', async () => {
  const { log, run, inbox, state } = await policyFoldBench();
  await publishControl(log, ROOM, 1, CREATE);
  await publishControl(log, ROOM, 2, { act: 'update', name: 'Coffee' });
  log.forgetIds();
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  await run();
  assert.deepEqual([(await state())?.cv, (await state())?.members.has('bob')], [2, true]);
  assert.deepEqual(
    (await inbox('bob')).map(({ act }) => act),
    ['create'],
  );
});

test('the author of a message that does not count is told once', async () => {
  const { log, run, make, inbox } = await policyFoldBench();
  await publishControl(log, ROOM, 1, CREATE);
  await publishSeen(log, ROOM, 'bob', 1);
  await publishControl(log, ROOM, 2, { act: 'kick', user: 'bob' });
  const { offset } = await publishSeen(log, ROOM, 'bob', 1);
  await publishSeen(log, ROOM, 'ann', 1);
  await run();
  await run(make(), true);
  const told = (await inbox('bob')).filter(({ type }) => type === 'void');
  assert.deepEqual(
    told.map(each => [(each as { offset?: number }).offset, (each as { room?: string }).room]),
    [[offset, ROOM]],
  );
  const documented = ENTRY_EXAMPLES.filter(({ tags }) => tags.type === 'void');
  assert.deepEqual(
    told.map(shapeOf),
    documented.map(({ data }) => shapeOf(data)),
  );
  assert.deepEqual(
    (await inbox('ann')).filter(({ type }) => type === 'void'),
    [],
  );
});

test('after a loss of entries a snapshot goes on from what is known, and acts count again', async () => {
  const { log, policy, archived, run, state, entries } = await policyFoldBench();
  await publishControl(log, ROOM, 1, CREATE);
  await run();
  const one = (await state()) ?? assert.fail();
  // LOG and POLICY lost versions 2 and 3; MongoDB has version 2.
  archived.set(ROOM, { ...one, cv: 2, name: 'Coffee' });
  await publishControl(log, ROOM, 4, { act: 'update', topic: 'void' });
  await run();
  const after = await state();
  assert.deepEqual([after?.cv, after?.name, after?.topic], [4 + LOST_VERSIONS, 'Coffee', '']);
  await publishControl(log, ROOM, 5 + LOST_VERSIONS, { act: 'kick', user: 'bob' });
  await run();
  assert.equal((await state())?.members.has('bob'), false);
  const folded = (await entries()).flatMap(message => controlOf(message) ?? []).reduce(foldControl, NO_ROOM);
  assert.deepEqual([folded.cv, folded.members.has('bob')], [5 + LOST_VERSIONS, false]);
  assert.deepEqual((await policy.read({ room: ROOM }))?.value, JSON.parse(JSON.stringify(roomStateJson(folded))));
});

test('what MongoDB alone knows is not guessed while it is away', async () => {
  const { log, run, state, parts, archived } = await policyFoldBench();
  parts.archiveUp = false;
  await publishControl(log, ROOM, 7, { act: 'update', topic: 'x' });
  await assert.rejects(run(), { name: 'StoreUnavailable' });
  assert.equal(await state(), null);
  parts.archiveUp = true;
  archived.set(ROOM, { ...NO_ROOM, kind: 'group', cv: 6 });
  await run(undefined, true);
  assert.deepEqual([(await state())?.cv, (await state())?.topic], [7, 'x']);
});

test('own joins and leaves of open rooms are in the document of the user', async () => {
  const { log, run, make, roomsOf } = await policyFoldBench();
  const own = async (on: boolean, seen = 0) => {
    const body = { type: 'member', id: 'x', room: 'channel:open', on, since: 5, seen, time: 0 };
    const none = { dedupe: '', time: 0, client: '', traceparent: '', targets: [], cv: 0, seen: 0 };
    const envelope = { type: 'member', id: 'x', user: 'bob', ...none };
    await log.publish('user:bob', Buffer.from(JSON.stringify(body)), envelope);
  };
  for (const on of [true, false, true]) await own(on);
  await run();
  assert.deepEqual((await roomsOf('bob')).get('channel:open')?.since, 5);
  await own(false);
  await run(make(), true);
  assert.equal((await roomsOf('bob')).size, 0);
});

test('a room or user whose value NATS refuses is left out, and stops the fold for nobody else', async () => {
  const { log, policy, run, roomsOf, state, inbox, refusals } = await policyFoldBench();
  policy.refuses = key => 'user' in key && key.user === 'bob';
  await publishControl(log, ROOM, 1, CREATE);
  await run();
  assert.deepEqual([(await state())?.cv, (await roomsOf('ann')).size, (await roomsOf('bob')).size], [1, 1, 0]);
  assert.deepEqual([(await inbox('bob')).length, refusals()], [1, 1]);
  policy.refuses = key => 'room' in key;
  await publishControl(log, ROOM, 2, { act: 'add', users: [{ user: 'eve', rank: 'member' }] });
  await run();
  assert.deepEqual([(await state())?.cv, (await roomsOf('eve')).size, refusals()], [1, 1, 2]);
});

test('members of a large room stay members when LOG is folded again, over POLICY as it is or empty', async () => {
  const { log, run, make, roomsOf, policy, inbox } = await policyFoldBench();
  let cv = 1;
  const add = async (...users: readonly string[]) =>
    await publishControl(log, ROOM, ++cv, { act: 'add', users: users.map(user => ({ user, rank: 'member' })) });
  await publishControl(log, ROOM, cv, created({ ann: 'owner' }) as Act);
  await add('bob', 'eve', 'mod');
  for (let i = 0; i < 10; i++) await add(...Array.from({ length: 100 }, (_, j) => `u${i * 100 + j}`));
  await publishControl(log, ROOM, ++cv, { act: 'role', user: 'mod', rank: 'moderator' });
  await publishControl(log, ROOM, ++cv, { act: 'kick', user: 'eve' });
  await publishControl(log, ROOM, ++cv, { act: 'role', user: 'mod', rank: 'guest' });
  for (let i = 0; i < 260; i += 10) await add(...Array.from({ length: 10 }, (_, j) => `v${i + j}`));
  const known = async () => {
    const all = await Promise.all(['bob', 'eve', 'mod', 'u5', 'v0'].map(roomsOf));
    return all.map(rooms => [rooms.get(ROOM)?.state, rooms.get(ROOM)?.rank, rooms.get(ROOM)?.since]);
  };
  const expected = [
    ['member', 'member', 2],
    [undefined, undefined, undefined],
    ['member', 'guest', 2],
    ['member', 'member', 3],
    ['member', 'member', 16],
  ];
  await run();
  assert.deepEqual(await known(), expected);
  await run(make(), true);
  assert.deepEqual(await known(), expected);
  const states = (await inbox('bob')).map(({ state }) => state);
  assert.deepEqual(states, ['member']);
  policy.wipe();
  await run(make(), true);
  assert.deepEqual(await known(), expected);
});

test('a store that is new or was wiped is filled from MongoDB and LOG while the fold goes on', async () => {
  const { log, policy, clock, archived, fold, run, state, roomsOf, entries, withoutBodies, writes } =
    await policyFoldBench();
  await publishControl(log, ROOM, 1, CREATE);
  await run();
  const old: RoomState = { ...((await state()) ?? assert.fail()), cv: 4, name: 'Old' };
  archived.set('group:old', old);
  const parts = { up: false };
  const position = new PolicyPosition(policy);
  const fill = new PolicyFill({
    policy,
    position,
    archived: async () => null,
    archive: {
      room: async room => archived.get(room) ?? null,
      allRooms: async after => {
        if (!parts.up) throw new StoreUnavailable('switched off');
        return after === '' ? [...archived] : [];
      },
      allUsers: async after =>
        after === ''
          ? [['zoe', new Map([['group:old', { state: 'member', rank: 'member', since: 1, cv: 4, kind: 'group' }]])]]
          : [],
    },
    policyRooms: work => work(policy.rooms()),
    pairs: { allPairs: async () => [] },
    settings: { allSettings: async () => [] },
    partitions: 1,
    log: {
      state: async () => ({ epoch: 'e', from: 1, first: 1 }),
      partitionOf: () => 0,
      controls: async () => [],
      publish: async () => assert.fail('nothing was lost'),
    },
    replay: async (_, __, work) => await work(withoutBodies(await entries())),
    fold,
    writes,
    wallClock: () => clock.wallClock(),
    clock,
    logger: pino({ level: 'silent' }),
  });
  const lease = { signal: new AbortController().signal };
  const isComplete = () => isFilled(policy);
  const look = async () => {
    clock.pass(2_000);
    await fill.look(0, { epoch: 'e', at: 3 }, lease);
  };
  policy.wipe();
  await look();
  assert.equal(await isComplete(), false);
  parts.up = true;
  await until('it is filled', async () => {
    await look();
    return await isComplete();
  });
  assert.deepEqual([(await state())?.cv, [...(await roomsOf('zoe')).keys()]], [1, ['group:old']]);
  const read = readRoomState((await policy.read({ room: 'group:old' }))?.value);
  assert.deepEqual([read?.cv, read?.name], [4, 'Old']);
  assert.deepEqual([...(await roomsOf('bob')).keys()], [ROOM]);
});

test('rooms of a batch are folded at the same time, and all that they say about one user is kept', async () => {
  const { log, policy, rooms, run, roomsOf, inbox } = await policyFoldBench();
  const groups = Array.from({ length: 40 }, (_, index) => `group:${index}`);
  rooms.push(...groups);
  for (const room of groups) await publishControl(log, room, 1, CREATE);
  for (const room of groups.slice(0, 10)) await publishControl(log, room, 2, { act: 'kick', user: 'bob' });
  let [now, most] = [0, 0];
  policy.wait = async () => {
    most = Math.max(most, ++now);
    await new Promise(resolve => setImmediate(resolve));
    now -= 1;
  };
  await run();
  assert.ok(most > 4 && most <= 16, `${most} at the same time`);
  assert.deepEqual([...(await roomsOf('ann')).keys()].sort(), groups.toSorted());
  assert.deepEqual([...(await roomsOf('bob')).keys()].sort(), groups.slice(10).toSorted());
  assert.equal((await inbox('bob')).length, 50);
});
