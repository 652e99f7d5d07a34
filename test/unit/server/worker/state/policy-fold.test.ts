import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { foldControl } from '../../../../../server/fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../../../../../server/fold/room-state.ts';
import { readRoomState, roomStateJson } from '../../../../../server/fold/room-state-json.ts';
import { COMPLETE } from '../../../../../server/membership/policy-store.ts';
import { writeRoom } from '../../../../../server/membership/policy-writes.ts';
import { LOST_VERSIONS } from '../../../../../server/membership/snapshot.ts';
import { partKey, readDocument } from '../../../../../server/membership/user-documents.ts';
import { controlOf } from '../../../../../server/room/control-lane.ts';
import { StoreUnavailable } from '../../../../../server/room/history-store.ts';
import type { Envelope, StoredMessage } from '../../../../../server/room/message.ts';
import type { FoldEntry } from '../../../../../server/worker/fold/fold.ts';
import { PolicyFill } from '../../../../../server/worker/state/policy-fill.ts';
import { PolicyFold } from '../../../../../server/worker/state/policy-fold.ts';
import { RefusedWrites } from '../../../../../server/worker/state/refused-writes.ts';
import { until } from '../../../../../tools/support/until.ts';
import { publishControl, publishSeen } from '../../../../support/chat/control-entries.ts';
import { created } from '../../../../support/chat/control-log.ts';
import { MemoryLog } from '../../../../support/chat/memory-log.ts';
import { MemoryPolicyStore } from '../../../../support/chat/memory-policy.ts';
import { MemoryStore } from '../../../../support/chat/memory-store.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';
import { ENTRY_EXAMPLES, shapeOf } from '../../../../support/docs/entry-examples.ts';

const ROOM = 'group:tea';
type Act = Parameters<typeof publishControl>[3];
const act = created({ ann: 'owner', bob: 'member' }) as Act;

/** A worker that folds one partition of a log in memory. */
async function bench() {
  const log = new MemoryLog(new MemoryStore());
  const policy = new MemoryPolicyStore();
  const clock = new ManualClock();
  const archived = new Map<string, RoomState>();
  const parts = { archiveUp: true };
  const archive = async () => {
    if (!parts.archiveUp) throw new StoreUnavailable('switched off');
  };
  const rooms = [ROOM, 'user:ann', 'user:bob', 'user:eve', 'channel:open'];
  const entries = async (): Promise<StoredMessage[]> => {
    const pages = await Promise.all(rooms.map(room => log.readAfter(room, 0, 1_000)));
    return pages.flatMap(({ messages }) => messages).sort((a, b) => a.offset - b.offset);
  };
  const withoutBodies = (messages: readonly StoredMessage[]): FoldEntry[] =>
    messages.map(message => ({
      room: message.room,
      offset: message.offset,
      message: { ...message, body: new Uint8Array(0), storedAt: 0 },
    }));
  let refused = 0;
  const writes = new RefusedWrites({ refused: () => void refused++, clock, log: pino({ level: 'silent' }) });
  const make = () =>
    new PolicyFold({
      policy,
      archive: {
        room: async room => {
          await archive();
          return archived.get(room) ?? null;
        },
      },
      log: {
        body: async (_, offset) => (await entries()).find(message => message.offset === offset)?.body ?? null,
        publish: async (room: string, body: Uint8Array, envelope: Envelope) =>
          void (await log.publish(room, body, envelope)),
      },
      isStored: async () => true,
      writes,
      windowMs: Number.POSITIVE_INFINITY,
      wallClock: () => clock.wallClock(),
    });
  const fold = make();
  let folded = 0;
  /** Folds what is new, or everything again. */
  const run = async (by = fold, again = false) => {
    for (let more = true; more; ) {
      const batch = (await entries()).filter(({ offset }) => again || offset > folded);
      again = false;
      more = batch.length > 0;
      folded = Math.max(folded, batch.at(-1)?.offset ?? 0);
      await by.apply(0, withoutBodies(batch));
    }
  };
  const inbox = async (user: string) =>
    (await log.readAfter(`user:${user}`, 0, 100)).messages.map(
      ({ body }) => JSON.parse(Buffer.from(body).toString()) as { type: string; act?: string; state?: string },
    );
  const state = async () => readRoomState((await policy.read({ room: ROOM }))?.value);
  const roomsOf = async (user: string) =>
    (await readDocument(async part => (await policy.read(partKey(user, part)))?.value)) ?? new Map();
  const refusals = () => refused;
  const bench = { log, policy, clock, archived, parts, fold, make, writes, refusals, run, inbox, state, roomsOf };
  return { ...bench, entries, withoutBodies, rooms };
}

test('what no gateway wrote is written, and each user is told once, however often entries come', async () => {
  const { log, run, make, inbox, state, roomsOf, policy } = await bench();
  await publishControl(log, ROOM, 1, act);
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
  const { log, run, make, inbox, policy } = await bench();
  await publishControl(log, ROOM, 1, act);
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
  const { log, run, inbox } = await bench();
  await publishControl(log, ROOM, 1, act);
  await publishControl(log, ROOM, 2, { act: 'invite', users: ['eve'] });
  await publishControl(log, ROOM, 3, { act: 'ban', user: 'bob', until: 0 });
  await publishControl(log, ROOM, 4, { act: 'delete' });
  await run();
  const told = async (user: string) => (await inbox(user)).map(({ act, state }) => [act, state]);
  assert.deepEqual((await told('eve')).at(-1), ['delete', 'left']);
  assert.deepEqual((await told('bob')).at(-1), ['ban', 'left']);
});

test('an entry that does not count changes nothing and tells nobody', async () => {
  const { log, run, inbox, state } = await bench();
  await publishControl(log, ROOM, 1, act);
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
  const { log, run, make, inbox } = await bench();
  await publishControl(log, ROOM, 1, act);
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
  const { log, policy, archived, run, state, entries } = await bench();
  await publishControl(log, ROOM, 1, act);
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
  const { log, run, state, parts, archived } = await bench();
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
  const { log, run, make, roomsOf } = await bench();
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
  const { log, policy, run, roomsOf, state, inbox, refusals } = await bench();
  policy.refuses = key => 'user' in key && key.user === 'bob';
  await publishControl(log, ROOM, 1, act);
  await run();
  assert.deepEqual([(await state())?.cv, (await roomsOf('ann')).size, (await roomsOf('bob')).size], [1, 1, 0]);
  assert.deepEqual([(await inbox('bob')).length, refusals()], [1, 1]);
  policy.refuses = key => 'room' in key;
  await publishControl(log, ROOM, 2, { act: 'add', users: [{ user: 'eve', rank: 'member' }] });
  await run();
  assert.deepEqual([(await state())?.cv, (await roomsOf('eve')).size, refusals()], [1, 1, 2]);
});

test('members of a large room stay members when LOG is folded again, over POLICY as it is or empty', async () => {
  const { log, run, make, roomsOf, policy, inbox } = await bench();
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
  const { log, policy, clock, archived, fold, run, state, roomsOf, entries, withoutBodies, writes } = await bench();
  await publishControl(log, ROOM, 1, act);
  await run();
  const old: RoomState = { ...((await state()) ?? assert.fail()), cv: 4, name: 'Old' };
  archived.set('group:old', old);
  const parts = { up: false };
  const fill = new PolicyFill({
    policy,
    archive: {
      allRooms: async after => {
        if (!parts.up) throw new StoreUnavailable('switched off');
        return after === '' ? [...archived] : [];
      },
      allUsers: async after =>
        after === ''
          ? [['zoe', new Map([['group:old', { state: 'member', rank: 'member', since: 1, cv: 4, kind: 'group' }]])]]
          : [],
    },
    partitions: 1,
    partitionOf: () => 0,
    replay: async (_, __, work) => await work(withoutBodies(await entries())),
    fold,
    writes,
    clock,
    log: pino({ level: 'silent' }),
  });
  const lease = { signal: new AbortController().signal };
  const isComplete = async () => (await policy.read(COMPLETE)) !== null;
  const look = async () => {
    clock.pass(2_000);
    await fill.look(0, lease);
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
  const { log, policy, rooms, run, roomsOf, inbox } = await bench();
  const groups = Array.from({ length: 40 }, (_, index) => `group:${index}`);
  rooms.push(...groups);
  for (const room of groups) await publishControl(log, room, 1, act);
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
