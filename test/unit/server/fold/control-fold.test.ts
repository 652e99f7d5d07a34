import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Control,
  type ControlEntry,
  controlBody,
  readControl,
  typeOfAct,
} from '../../../../server/fold/control.ts';
import { foldControl, foldEntries } from '../../../../server/fold/control-fold.ts';
import { isCut, NO_ROOM, type RoomState } from '../../../../server/fold/room-state.ts';
import { readRoomState, roomStateJson } from '../../../../server/fold/room-state-json.ts';
import { integer } from '../../../../tools/support/random.ts';
import { anyAct, anyControlLog, created, entry, stateAfter } from '../../../support/chat/control-log.ts';
import { anyJson, fuzz, type Random } from '../../../support/fuzz/fuzz.ts';

const shuffled = <T>(random: Random, items: readonly T[]): T[] =>
  items
    .map(item => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);

/** A state that went through a store and back. */
const stored = (state: RoomState) => readRoomState(JSON.parse(JSON.stringify(roomStateJson(state)))) as RoomState;

fuzz('a log in any split, order within a part and overlap gives one state', [1, 2, 3], 100, random => {
  const log = anyControlLog(random, 40);
  const whole = foldEntries(NO_ROOM, log);
  let state = NO_ROOM;
  for (let done = 0; done < log.length; ) {
    const from = integer(random, done + 1);
    done = Math.min(log.length, done + 1 + integer(random, 12));
    state = foldEntries(state, shuffled(random, [...log.slice(from, done), ...log.slice(from, from + 3)]));
    if (random() < 0.5) state = stored(state);
  }
  assert.deepEqual(state, whole);
  assert.deepEqual(foldEntries(whole, log), whole);
});

fuzz('versions rise by one, and a full state counts its members', [4, 5], 100, random => {
  let state = NO_ROOM;
  for (const added of anyControlLog(random, 60)) {
    const next = foldControl(state, added);
    if (next !== state && added.control.act !== 'snapshot') assert.equal(next.cv, state.cv + 1);
    state = next;
    const members = [...state.members.values()].filter(({ state }) => state === 'member');
    if (state.full) assert.equal(state.count, members.length);
    assert.ok(state.count >= 0);
  }
});

fuzz('an entry comes back from its body as it was', [6], 200, random => {
  const added = entry(7, 3, anyAct(random), 'bob');
  if (added.control.act === 'unknown') return;
  const type = typeOfAct(added.control.act);
  const body = JSON.parse(JSON.stringify(controlBody(added, type)));
  assert.deepEqual(readControl({ type, offset: 7, user: 'bob' }, body), added);
});

fuzz('no body breaks the readers, and what they accept can be folded', [8, 9], 300, random => {
  const act = anyAct(random);
  const body = { id: 'a', cv: 2, act: act.act, ...(anyJson(random) as object), ...(random() < 0.5 ? act : {}) };
  const type = random() < 0.5 ? 'room' : 'member';
  const read = readControl({ type, offset: 2, user: 'ann' }, random() < 0.9 ? body : anyJson(random));
  if (read) foldControl(stateAfter([['ann', created({ ann: 'owner' })]]), read);
  const state = readRoomState({ ...roomStateJson(NO_ROOM), members: [anyJson(random)], x: 1 });
  assert.ok(state === null || state.members instanceof Map);
});

test('of two entries of one version the first in the log counts, and a stale publisher changes nothing', () => {
  const room = stateAfter([['ann', created({ ann: 'owner', bob: 'admin' })]]);
  const first = entry(5, 2, { act: 'update', name: 'first' });
  const second = entry(6, 2, { act: 'update', name: 'second' }, 'bob');
  const state = foldEntries(room, [second, first]);
  assert.deepEqual([state.name, state.cv, state.at], ['first', 2, 5]);
  // Read once more from further back: the version it would make now exists, its offset says that it was void.
  assert.equal(foldControl({ ...state, cv: 1, at: 9 }, second).name, 'first');
});

test('an entry without its predecessor is void; a snapshot goes on without predecessors', () => {
  const room = stateAfter([['ann', created({ ann: 'owner' })]]);
  const later = entry(9, 4, { act: 'update', name: 'lost predecessors' });
  assert.equal(foldControl(room, later), room);
  const snapshot = entry(20, 6, {
    act: 'snapshot',
    state: roomStateJson({ ...room, name: 'whole', extra: 1 } as never),
  });
  const state = foldControl(room, snapshot);
  assert.deepEqual([state.name, state.cv, state.at], ['whole', 6, 20]);
  assert.equal(foldControl(state, entry(21, 5, { act: 'update', name: 'old' })), state);
  assert.equal(foldControl(state, { ...snapshot, offset: 21 }), state);
  assert.equal(foldControl(state, entry(22, 7, { act: 'update', name: 'next' })).name, 'next');
  assert.equal(foldControl(room, entry(20, 6, { act: 'snapshot', state: { kind: 1 } })), room);
});

test('an act of a newer version takes its turn and changes nothing', () => {
  const room = stateAfter([['ann', created({ ann: 'owner' })]]);
  const read = readControl({ type: 'room', offset: 2, user: 'ann' }, { id: 'a', cv: 2, act: 'paint', color: 'red' });
  assert.equal(foldControl(room, read as ControlEntry).cv, 2);
  assert.equal(readControl({ type: 'message', offset: 2, user: 'ann' }, { id: 'a', cv: 2, act: 'kick' }), null);
  assert.equal(readControl({ type: 'member', offset: 2, user: 'ann' }, { act: 'join', room: 'channel:a' }), null);
});

test('a first entry must create the room, and nothing follows its end', () => {
  assert.equal(stateAfter([['ann', { act: 'join' }]]).cv, 0);
  const room = stateAfter([
    ['ann', created({ ann: 'owner' })],
    ['eve', created({ eve: 'owner' })],
  ]);
  assert.deepEqual([room.cv, room.members.get('eve')], [1, undefined]);
  const deleted = stateAfter([['ann', { act: 'delete' }]], room);
  assert.equal(deleted.deleted, true);
  assert.equal(stateAfter([['ann', { act: 'add', users: [{ user: 'bob', rank: 'member' }] }]], deleted), deleted);
});

test('an entry is void if its author was restricted before it, unseen by its gateway', () => {
  const room = stateAfter([
    ['ann', created({ ann: 'owner', bob: 'member', eve: 'member' })],
    ['ann', { act: 'kick', user: 'bob' }],
    ['ann', { act: 'freeze', on: true }],
    ['ann', { act: 'freeze', on: false }],
  ]);
  const bob = (offset: number, seen: number) => isCut(room, { user: 'bob', offset, seen });
  assert.deepEqual([bob(4, 1), bob(1, 1), bob(4, 3), bob(4, 2)], [true, false, false, true]);
  assert.equal(isCut(room, { user: 'eve', offset: 4, seen: 2 }), true);
  assert.equal(isCut(room, { user: 'eve', offset: 4, seen: 4 }), false);
  assert.equal(isCut(NO_ROOM, { user: 'eve', offset: 4, seen: 0 }), false);
  assert.equal(isCut(room, { user: '', offset: 4, seen: 0 }), false, 'an entry of a server has no author');
});

test('an entry that does not count does not count days later either, when MongoDB is back', () => {
  const day = 86_400_000;
  const kicked = stateAfter([
    ['ann', created({ ann: 'owner', bob: 'member' })],
    ['ann', { act: 'kick', user: 'bob' }],
  ]);
  const late = { user: 'bob', offset: 3, seen: 1 };
  const after = (days: number) =>
    foldControl(kicked, { ...entry(4, 3, { act: 'freeze', on: true }), time: days * day });
  assert.deepEqual([isCut(after(0), late), isCut(after(6), late)], [true, true]);
  assert.deepEqual(
    after(8).cuts.map(({ cv }) => cv),
    [3],
  ); // a state does not grow for ever
});

test('a mute outlives leaving and joining again, and a ban ends with what was before it', () => {
  const room = stateAfter([
    ['ann', created({ ann: 'owner', bob: 'moderator' })],
    ['ann', { act: 'mute', user: 'bob', until: 60_000 }],
    ['bob', { act: 'leave' }],
    ['bob', { act: 'join' }],
  ]);
  assert.deepEqual(room.members.get('bob'), {
    rank: 'member',
    state: 'member',
    since: 4,
    cv: 4,
    mutedUntil: 60_000,
    bannedUntil: 0,
  });
  const banned = stateAfter([['ann', { act: 'ban', user: 'bob', until: 0 }]], room);
  assert.deepEqual([banned.members.get('bob')?.state, banned.count], ['banned', 1]);
  const unbanned = stateAfter([['ann', { act: 'unban', user: 'bob' }]], banned);
  assert.deepEqual([unbanned.members.get('bob')?.state, unbanned.members.get('bob')?.mutedUntil], ['left', 60_000]);
});

test('the words of a request and of a ban are known as long as these last, of the latest 64', () => {
  const asked = (user: string) => [user, { act: 'request', note: `for ${user}` }] as const;
  const room = stateAfter([
    ['ann', created({ ann: 'owner', bob: 'member' })],
    ['ann', { act: 'ban', user: 'bob', until: 0, reason: 'noise' }],
    asked('eve'),
    asked('dan'),
    ['fay', { act: 'request' }],
  ]);
  const note = (user: string, state = room) => state.members.get(user)?.note;
  assert.deepEqual(
    ['bob', 'eve', 'dan', 'fay'].map(user => note(user)),
    ['noise', 'for eve', 'for dan', undefined],
  );
  const later = stateAfter(
    [
      ['ann', { act: 'unban', user: 'bob' }],
      ['ann', { act: 'approve', user: 'eve' }],
      ['ann', { act: 'ban', user: 'dan', until: 0, absent: true }],
    ],
    room,
  );
  assert.deepEqual(
    ['bob', 'eve', 'dan'].map(user => note(user, later)),
    [undefined, undefined, undefined],
  );
  const many = stateAfter(
    Array.from({ length: 70 }, (_, i) => asked(`u${i}`)),
    room,
  );
  const noted = [...many.members].filter(([, known]) => known.note !== undefined).map(([user]) => user);
  assert.deepEqual([noted.length, noted.at(0), noted.at(-1)], [64, 'u6', 'u69']);
  assert.deepEqual(stored(many), many);
});

test('a link ends with its uses or with its time', () => {
  const link = { act: 'link', hash: 'h', uses: 2, expires: 9_000 } as const;
  const room = stateAfter([
    ['ann', created({ ann: 'owner' })],
    ['ann', link],
    ['bob', { act: 'join', link: 'h' }],
  ]);
  assert.equal(room.links.get('h')?.used, 1);
  assert.equal(stateAfter([['eve', { act: 'join', link: 'h' }]], room).links.size, 0);
  assert.equal(foldControl(room, entry(9, 4, { act: 'update' })).links.size, 0);
});

test('a room above 1,000 members keeps staff, people of whom more is to be said, and the latest changes', () => {
  const users = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({ user: `u${from + i}`, rank: 'member' }) as const);
  const room = stateAfter([
    ['ann', created({ ann: 'owner', mod: 'moderator' })],
    ['ann', { act: 'mute', user: 'mod', until: 1e12 }],
    ['ann', { act: 'add', users: users(0, 998) }],
  ]);
  assert.deepEqual([room.full, room.count, room.members.size], [true, 1_000, 1_000]);
  const large = stateAfter([['ann', { act: 'add', users: users(998, 1_100) }]], room);
  assert.deepEqual([large.full, large.count, large.members.size], [false, 1_102, 278]);
  const unlisted = 'u500';
  assert.equal(large.members.has(unlisted), false);
  const later = stateAfter(
    [
      ['ann', { act: 'kick', user: unlisted }],
      [unlisted, { act: 'leave' }],
      ['ann', { act: 'ban', user: 'stranger', until: 0, absent: true }],
      ['ann', { act: 'role', user: 'u501', rank: 'admin' }],
    ],
    large,
  );
  assert.equal(later.count, 1_101);
  assert.equal(later.members.get('u501')?.rank, 'admin');
  assert.equal(later.members.get(unlisted)?.state, 'left');
});

test('a large room remembers a change of a rank as long as a join', () => {
  const many = Array.from({ length: 1_100 }, (_, i) => ({ user: `u${i}`, rank: 'member' }) as const);
  const add = (from: number): Control => ({ act: 'add', users: many.slice(from, from + 100) });
  const room = stateAfter([
    ['ann', created({ ann: 'owner', mod: 'moderator' })],
    ...many.filter((_, i) => i % 100 === 0).map((_, i) => ['ann', add(i * 100)] as const),
  ]);
  const ranked = stateAfter(
    [
      ['ann', { act: 'role', user: 'mod', rank: 'member' }],
      ['ann', { act: 'role', user: 'u500', rank: 'guest' }],
    ],
    room,
  );
  assert.deepEqual(ranked.members.get('mod'), { ...room.members.get('mod'), rank: 'member', cv: 13 });
  assert.deepEqual([ranked.members.get('u500')?.rank, ranked.members.get('u500')?.cv], ['guest', 14]);
});

test('a user joins an open room without an entry: one only muted or promoted there is known by that alone', () => {
  const room = stateAfter([
    ['ann', created({ ann: 'owner' }, true)],
    ['ann', { act: 'mute', user: 'bob', until: 1e12 }],
    ['ann', { act: 'role', user: 'eve', rank: 'moderator' }],
    ['ann', { act: 'kick', user: 'dan' }],
  ]);
  const known = (user: string) => [room.members.get(user)?.state, room.members.get(user)?.cv];
  assert.deepEqual(
    [known('bob'), known('eve'), known('dan')],
    [
      ['left', 0],
      ['member', 3],
      ['left', 4],
    ],
  );
  assert.deepEqual([room.full, room.count], [false, 2]);
});

test('bans and mutes that have ended are forgotten with the next act, also in open and in large rooms', () => {
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`user${index}`, 'member'] as const));
  for (const first of [
    created({ ann: 'owner' }),
    created({ ann: 'owner' }, true),
    created({ ann: 'owner', ...many }),
  ]) {
    const started = stateAfter([
      ['ann', first],
      ['ann', { act: 'ban', user: 'bob', until: 60_000 }],
      ['ann', { act: 'ban', user: 'dan', until: 0 }],
    ]);
    const muted = Array.from(
      { length: 300 },
      (_, index) => ['ann', { act: 'mute', user: `m${index}`, until: 400_000 }] as const,
    );
    const before = stateAfter(muted, started);
    const has = (state: RoomState, user: string) => state.members.has(user);
    assert.deepEqual(
      [has(started, 'bob'), has(before, 'bob'), has(before, 'dan'), has(before, 'm0')],
      [true, false, true, true],
    );
    const at = (offset: number) =>
      foldControl(before, { ...entry(offset, before.cv + 1, { act: 'freeze', on: true }), offset });
    assert.equal(has(at(before.at + 1), 'm0'), true);
    const after = at(401);
    assert.deepEqual([has(after, 'm0'), has(after, 'dan')], [false, true]);
  }
});
