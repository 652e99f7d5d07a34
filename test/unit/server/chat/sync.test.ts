import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf } from '../../../../server/chat/sync-cursor.ts';
import type { UserRoom } from '../../../../server/membership/room-states.ts';
import { ReadFailed } from '../../../../server/room/log.ts';
import { integer, pick } from '../../../../tools/support/random.ts';
import type { MemoryDirectory } from '../../../support/chat/memory-policy.ts';
import { roomChat } from '../../../support/chat/room-chat.ts';
import { SyncedList } from '../../../support/chat/synced-list.ts';
import { fuzz } from '../../../support/fuzz/fuzz.ts';

const PARTITIONS = 3;

/** A chat over three partitions, which share one sequence, and a list of ann. */
function syncChat() {
  const chat = roomChat();
  const { log, as } = chat;
  const epochs = Array.from({ length: PARTITIONS }, () => 'first');
  const state = log.state.bind(log);
  Object.assign(log, {
    partitions: PARTITIONS,
    partitionOf: (room = '') => keyOf(room) % PARTITIONS,
    state: async (partition = 0) => ({ ...(await state()), epoch: epochs[partition] }),
  });
  const list = new SyncedList();
  const ask = (params: object) => as('ann', 'sync', params);
  const sync = (limit?: number) => list.sync(ask, limit);
  const send = async (room: string, text = 'hello') => (await as('bob', 'message.send', { room, text })).offset;
  /** So many rooms of bob and ann. */
  const create = async (count: number) => {
    const rooms: string[] = [];
    while (rooms.length < count) rooms.push(await chat.create('bob', ['ann']));
    return rooms;
  };
  /** The list as `room.list` has it. */
  const listed = async () => {
    chat.clock.pass(1_001); // positions of workers are read anew
    const { items } = await as('ann', 'room.list', { limit: 250 });
    return items;
  };
  const same = async () => {
    // `top` becomes lower where LOG loses entries to MongoDB, and workers learn counts, neither of which is a change.
    const kept = [...list.rooms.values()].map(({ partition: _, top: __, n: ___, mentions: ____, ...item }) => item);
    const byRoom = (a: { room: string }, b: { room: string }) => (a.room < b.room ? -1 : 1);
    // `sync` does not ask MongoDB for marks: one that NATS does not have is not known.
    const unmarked = new Set(kept.flatMap(({ room, read }) => (read === null ? [room] : [])));
    const expected = (await listed()).map(({ top: _, n: __, mentions: ___, ...item }) =>
      unmarked.has(item.room) && item.read === 0 ? { ...item, read: null, delivered: null } : item,
    );
    assert.deepEqual(kept.toSorted(byRoom), expected.toSorted(byRoom));
  };
  return { ...chat, epochs, list, ask, sync, send, createMany: create, listed, same };
}

test('a first sync has every room, page by page; the next one nothing', async () => {
  const { createMany, sync, list, same } = syncChat();
  const rooms = await createMany(20);
  await sync(7);
  assert.deepEqual(list.came.toSorted(), rooms.toSorted());
  assert.deepEqual(
    [list.pages.length, list.pages.flatMap(({ reset }) => reset), list.pages.map(({ more }) => more)],
    [3, [], [true, true, false]],
  );
  await same();
  await sync();
  assert.deepEqual(
    list.pages.map(({ rooms, left, marks, reset, more }) => [rooms, left, marks, reset, more]),
    [[[], [], [], [], false]],
  );
});

test('only rooms with an entry since come: messages, edits, reactions, names', async () => {
  const { createMany, sync, list, send, same, as, idOf } = syncChat();
  const [first, second, third, fourth] = (await createMany(10)) as [string, string, string, string];
  const of = idOf();
  const { offset: target } = await as('bob', 'message.send', { id: of, room: second, text: 'one' });
  await sync();
  await send(first);
  await as('bob', 'message.edit', { room: second, target, of, text: 'two' });
  await as('bob', 'message.react', { room: second, target, of, emoji: '👍', on: true });
  await as('bob', 'room.update', { room: third, name: 'Coffee' });
  await as('bob', 'room.role', { room: fourth, user: 'ann', role: 'moderator' });
  await sync();
  assert.deepEqual(list.came.toSorted(), [first, second, third, fourth].toSorted());
  assert.equal(list.rooms.get(third)?.name, 'Coffee');
  assert.equal(list.rooms.get(fourth)?.role, 'moderator');
  await same();
});

test('rooms that are joined come, those that end are named', async () => {
  const { createMany, sync, list, same, as, create } = syncChat();
  const [kicked, deleted, gone, ...others] = (await createMany(6)) as [string, string, string, ...string[]];
  const channel = await create('bob', [], 'channel');
  await sync();
  await as('bob', 'room.kick', { room: kicked, user: 'ann' });
  await as('bob', 'room.delete', { room: deleted });
  await as('ann', 'room.leave', { room: gone });
  await as('ann', 'room.join', { room: channel }); // an entry of the inbox, not of the room
  const [added] = (await createMany(1)) as [string];
  await sync(1);
  assert.deepEqual(list.pages.flatMap(({ left }) => left).toSorted(), [kicked, deleted, gone].toSorted());
  assert.deepEqual(list.came.toSorted(), [channel, added].toSorted());
  assert.deepEqual([...list.rooms.keys()].toSorted(), [...others, channel, added].toSorted());
  assert.deepEqual(
    list.pages.flatMap(({ reset }) => reset),
    [],
  );
  await same();
  await sync();
  assert.deepEqual([list.came, list.pages.flatMap(({ left }) => left)], [[], []]);
});

test('rooms that ended and cannot be named any more reset their partitions', async () => {
  const { createMany, sync, list, as, log, chat } = syncChat();
  const rooms = await createMany(12);
  await sync();
  const [kicked = ''] = rooms;
  await as('bob', 'room.kick', { room: kicked, user: 'ann' });
  Object.assign(chat.userRooms, { left: async () => [] });
  await sync(2);
  const partition = log.partitionOf(...([kicked] as unknown as []));
  const there = rooms.filter(room => room !== kicked && log.partitionOf(...([room] as unknown as [])) === partition);
  assert.deepEqual(
    list.pages.flatMap(({ reset }) => reset),
    [partition],
  );
  assert.deepEqual(list.came.toSorted(), there.toSorted());
  assert.deepEqual([...list.rooms.keys()].toSorted(), rooms.slice(1).toSorted());
});

test('a partition with another epoch comes whole, also between two pages; the others do not', async () => {
  const { createMany, sync, list, epochs, log, ask, same } = syncChat();
  const rooms = await createMany(30);
  await sync();
  const inFirst = (room: string) => log.partitionOf(...([room] as unknown as [])) === 1;
  epochs[1] = 'second';
  await sync(4);
  assert.deepEqual(
    list.pages.flatMap(({ reset }) => reset),
    [1],
  );
  assert.deepEqual(list.came.toSorted(), rooms.filter(inFirst).toSorted());
  epochs[1] = 'third';
  let asked = 0;
  await list.sync(params => {
    asked += 1;
    if (asked === 2) epochs[1] = 'fourth';
    return ask(params);
  }, 4);
  assert.deepEqual(
    list.pages.flatMap(({ reset }) => reset),
    [1, 1],
  );
  await same();
});

test('marks of another device come, of rooms without a change alone, and once', async () => {
  const { createMany, sync, list, send, as, clock } = syncChat();
  const [first, second, third] = (await createMany(3)) as [string, string, string];
  const offsets = [await send(first), await send(second), await send(third)];
  await as('ann', 'receipt.mark', { marks: [{ room: third, read: offsets[2] }] });
  await sync();
  await as('ann', 'receipt.mark', {
    marks: [
      { room: first, read: offsets[0] },
      { room: second, read: offsets[1] },
    ],
  });
  clock.pass(1_000);
  await send(second);
  await sync(1);
  assert.deepEqual(
    list.pages.flatMap(({ marks }) => marks),
    [{ room: first, read: offsets[0], delivered: offsets[0] }],
  );
  assert.deepEqual(list.came, [second]);
  assert.deepEqual(
    [first, second, third].map(room => list.rooms.get(room)?.read),
    offsets,
  );
  await sync();
  assert.deepEqual([list.pages.flatMap(({ marks }) => marks), list.came], [[], []]);
});

test('a cursor that is not understood, or of another user, counts as none and resets every partition', async () => {
  const { createMany, sync, list, as, ask } = syncChat();
  const rooms = await createMany(5);
  await sync();
  await as('bob', 'room.kick', { room: rooms[0] ?? '', user: 'ann' });
  const other = (await as('bob', 'sync', {})).cursor;
  for (const cursor of ['x', `${list.cursor}A`, list.cursor?.slice(2) ?? '', other]) {
    const page = await ask({ cursor });
    assert.deepEqual(page.reset, [0, 1, 2]);
    assert.equal(page.rooms.length, 4);
  }
  list.cursor = other;
  await sync();
  assert.deepEqual([...list.rooms.keys()].toSorted(), rooms.slice(1).toSorted());
});

test('MongoDB is not asked for offsets and marks, and may be away', async () => {
  const { createMany, sync, list, send, store, chat, same, as, markStore } = syncChat();
  const rooms = await createMany(6);
  await sync();
  store.up = false;
  (chat.directory as MemoryDirectory).up = false;
  const [changed = ''] = rooms;
  await as('bob', 'room.update', { room: changed, name: 'Coffee' });
  const offset = await send(changed);
  await sync();
  assert.deepEqual(list.came, [changed]);
  assert.deepEqual(
    [list.rooms.get(changed)?.name, list.rooms.get(changed)?.last?.offset, list.rooms.get(changed)?.read],
    ['Coffee', offset, null],
  );
  markStore.away = true; // beside workers that do not make the stream
  await send(changed);
  await sync();
  assert.deepEqual(list.came, [changed]);
  markStore.away = false;
  await same();
});

test('a name that MongoDB does not have yet is the one of the log', async () => {
  const { createMany, sync, list, as, chat, log, store, clock } = syncChat();
  const [room = ''] = await createMany(1);
  const directory = chat.directory as MemoryDirectory;
  directory.rooms = [{ room, name: 'Tea', place: { members: 2, room } }] as unknown as MemoryDirectory['rooms'];
  log.storeUpTo(log.last);
  store.apply(log.last);
  await sync();
  assert.equal(list.rooms.get(room)?.name, 'Tea');
  await as('bob', 'room.update', { room, name: 'Coffee' });
  clock.pass(1_001);
  await sync();
  assert.equal(list.rooms.get(room)?.name, 'Coffee');
});

test('what the document of the user has late comes late, and is not missed', async () => {
  const { createMany, sync, list, as, chat, same } = syncChat();
  const [room = '', other = ''] = await createMany(2);
  await sync();
  const { of } = chat.userRooms;
  const before = await of.call(chat.userRooms, 'ann');
  Object.assign(chat.userRooms, { of: async () => before });
  await as('bob', 'room.role', { room, user: 'ann', role: 'moderator' });
  await as('bob', 'room.kick', { room: other, user: 'ann' });
  const [added = ''] = await createMany(1);
  await sync();
  Object.assign(chat.userRooms, { of });
  await sync();
  assert.deepEqual(
    [...list.rooms.values()].map(({ room: name, role }) => `${name} ${role}`).toSorted(),
    [`${room} moderator`, `${added} member`].toSorted(),
  );
  await same();
});

test('a replica that lags is no answer', async () => {
  const { createMany, list, ask, send, log, sync, clock } = syncChat();
  const [room = ''] = await createMany(2);
  await sync();
  await send(room);
  log.replicaLast = log.last - 1;
  let isAnswered = false;
  const refused = assert.rejects(ask({ cursor: list.cursor }), ReadFailed).finally(() => {
    isAnswered = true;
  });
  while (!isAnswered) {
    clock.pass(100); // the replica is asked again
    await new Promise(setImmediate);
  }
  await refused;
});

fuzz(
  'a list that is kept by sync is the one of room.list, whatever happens and lags meanwhile',
  [1, 2, 3],
  4,
  async random => {
    const chat = syncChat();
    const { as, log, store, list, ask, same, send, chat: services, idOf, epochs } = chat;
    const rooms = await chat.createMany(6);
    const channel = await chat.create('bob', [], 'channel');
    const sent: { room: string; target: number; of: string }[] = [];
    // The document of ann is at times as it was before.
    let outdated: ReadonlyMap<string, UserRoom> | null = null;
    const { of } = services.userRooms;
    const current = (user: string) => of.call(services.userRooms, user);
    Object.assign(services.userRooms, {
      of: async (user: string) => (user === 'ann' && outdated) || (await current(user)),
    });
    const acts: (() => Promise<unknown>)[] = [
      async () => {
        const [room, id] = [pick(random, rooms), idOf()];
        sent.push({ room, of: id, target: (await as('bob', 'message.send', { room, id, text: 'hello' })).offset });
      },
      () => send(pick(random, rooms)),
      async () => {
        const message = pick(random, sent);
        await as('bob', 'message.edit', { ...message, text: 'other' });
      },
      async () => {
        const { room, ...message } = pick(random, sent);
        await as('bob', 'message.delete', { room, targets: [message] });
      },
      async () => rooms.push(...(await chat.createMany(1))),
      () => as('bob', 'room.update', { room: pick(random, rooms), name: `Tea ${log.last}` }),
      () => as('bob', 'room.kick', { room: pick(random, rooms), user: 'ann' }),
      () => as('bob', 'room.add', { room: pick(random, rooms), users: ['ann'] }),
      () => as('bob', 'room.delete', { room: pick(random, rooms) }),
      () => as('ann', random() < 0.5 ? 'room.join' : 'room.leave', { room: channel }),
      async () => {
        const room = pick(random, rooms);
        await as('ann', 'receipt.mark', { marks: [{ room, read: await log.top(room) }] });
        chat.clock.pass(1_000);
      },
      async () => {
        outdated = random() < 0.5 ? null : await current('ann');
      },
      async () => {
        epochs[integer(random, PARTITIONS)] = `${random()}`;
      },
      async () => {
        log.storeUpTo(integer(random, log.last + 1));
        store.apply(Math.min(log.floor, integer(random, log.last + 1)));
        log.noted = Math.max(log.noted, integer(random, log.last + 1));
        if (random() < 0.3) log.purge(Math.min(store.viewed, log.noted));
      },
    ];
    for (let act = 0; act < 80; act++) {
      // What is refused, such as an act on a deleted room, changes nothing.
      await pick(random, acts)().catch(() => undefined);
      if (random() < 0.8) continue;
      await list.sync(async params => {
        const page = await ask(params);
        if (random() < 0.5) await pick(random, acts)().catch(() => undefined);
        return page;
      }, 1 + integer(random, 4));
    }
    outdated = null;
    await list.sync(ask);
    await same();
  },
);
