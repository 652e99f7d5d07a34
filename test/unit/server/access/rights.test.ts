import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ACTS,
  allowedActs,
  HIDDEN,
  mayAct,
  type Person,
  type RoomAtMoment,
  readableAbove,
} from '../../../../server/access/rights.ts';
import { BUILT_IN_KINDS, rulesOf as declared, type KindRules } from '../../../../server/contract/room-kinds.ts';
import { RANKS, type Rank } from '../../../../server/fold/control.ts';
import type { Membership } from '../../../../server/fold/room-state.ts';

const NOW = 1_000;
const rulesOf = (kind: string, rules: Partial<KindRules> = {}): KindRules => ({
  ...(BUILT_IN_KINDS.get(kind) ?? declared(kind, { access: 'Claim' })),
  ...rules,
});

const PLAIN: Membership = { rank: 'member', state: 'member', since: 5, cv: 1, mutedUntil: 0, bannedUntil: 0 };
const known = (membership: Partial<Membership>): Person => ({ known: { ...PLAIN, ...membership }, listed: false });
const PEOPLE: Readonly<Record<string, Person>> = {
  ...Object.fromEntries(RANKS.map(rank => [rank, known({ rank })])),
  muted: known({ mutedUntil: NOW + 1 }),
  invited: known({ state: 'invited' }),
  requested: known({ state: 'requested' }),
  left: known({ state: 'left' }),
  stranger: { known: null, listed: false },
  banned: known({ state: 'banned' }),
};

const place = (rules: KindRules, state: Partial<RoomAtMoment['state']> = {}): RoomAtMoment => ({
  rules,
  state: { kind: 'group', cv: 3, frozen: false, deleted: false, blocks: [], ...state },
  now: NOW,
});

/** A cell of the matrix: allowed, allowed on lower ranks alone, hidden, or the code of the refusal. */
function cell(at: RoomAtMoment, actor: Person, act: (typeof ACTS)[number]): string {
  const own = mayAct(at, actor, act);
  if (own) return own === HIDDEN ? 'hid' : String(own.error.code);
  const over = RANKS.filter(rank => mayAct(at, actor, act, { rank }) === null);
  if (over.length === RANKS.length) return 'yes';
  const lower = RANKS.slice(RANKS.indexOf(actor.known?.rank as Rank) + 1);
  assert.deepEqual(over, lower, `${act} on other ranks than the lower ones`);
  return '<';
}

/** Checks a matrix: a header of people, then a line for each act with a cell for each of them. */
function matrix(at: RoomAtMoment, table: string): void {
  const [header = [], ...lines] = table
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/));
  const people = header.slice(1);
  const found = lines.map(([act = '']) => [
    act,
    ...people.map(name => cell(at, PEOPLE[name] as Person, act as 'read')),
  ]);
  assert.deepEqual(found, lines);
}

test('every act of every person in a group', () => {
  const table = `
    act         owner admin moderator member guest muted invited requested left stranger banned
    read        yes   yes   yes       yes    yes   yes   hid     hid       hid  hid      hid
    write       yes   yes   yes       yes    103   423   hid     hid       hid  hid      hid
    join        103   103   103       103    103   103   yes     103       hid  hid      hid
    request     103   103   103       103    103   103   103     103       hid  hid      hid
    accept      103   103   103       103    103   103   yes     103       hid  hid      hid
    decline     103   103   103       103    103   103   yes     103       hid  hid      hid
    leave       yes   yes   yes       yes    yes   yes   103     103       hid  hid      hid
    invite      yes   yes   yes       103    103   103   hid     hid       hid  hid      hid
    add         yes   <     <         103    103   103   hid     hid       hid  hid      hid
    link        yes   yes   yes       103    103   103   hid     hid       hid  hid      hid
    deleteOther yes   <     <         103    103   103   hid     hid       hid  hid      hid
    mentionAll  yes   yes   yes       103    103   103   hid     hid       hid  hid      hid
    topic       yes   yes   yes       103    103   103   hid     hid       hid  hid      hid
    settings    yes   yes   103       103    103   103   hid     hid       hid  hid      hid
    freeze      yes   yes   yes       103    103   103   hid     hid       hid  hid      hid
    approve     yes   yes   yes       103    103   103   hid     hid       hid  hid      hid
    kick        yes   <     <         103    103   103   hid     hid       hid  hid      hid
    ban         yes   <     <         103    103   103   hid     hid       hid  hid      hid
    unban       yes   yes   yes       103    103   103   hid     hid       hid  hid      hid
    mute        yes   <     <         103    103   103   hid     hid       hid  hid      hid
    role        yes   <     103       103    103   103   hid     hid       hid  hid      hid
    transfer    yes   103   103       103    103   103   hid     hid       hid  hid      hid
    delete      yes   103   103       103    103   103   hid     hid       hid  hid      hid`;
  matrix(place(rulesOf('group')), table);
  assert.deepEqual(
    table
      .trim()
      .split('\n')
      .slice(1)
      .map(line => line.trim().split(/\s+/)[0]),
    ACTS,
  );
});

test('every act of every person in a channel', () =>
  matrix(
    place(rulesOf('channel'), { kind: 'channel' }),
    `
    act         owner admin moderator member guest muted invited requested left stranger banned
    read        yes   yes   yes       yes    yes   yes   yes     yes       yes  yes      103
    write       yes   yes   yes       yes    yes   423   yes     yes       yes  yes      103
    join        103   103   103       103    103   103   yes     yes       yes  yes      103
    request     103   103   103       103    103   103   103     103       103  103      103
    accept      103   103   103       103    103   103   yes     103       103  103      103
    leave       yes   yes   yes       yes    yes   yes   103     103       103  103      103
    invite      yes   yes   yes       103    103   103   103     103       103  103      103
    add         yes   <     <         103    103   103   103     103       103  103      103
    kick        yes   <     <         103    103   103   103     103       103  103      103
    settings    yes   yes   103       103    103   103   103     103       103  103      103
    delete      yes   103   103       103    103   103   103     103       103  103      103`,
  ));

test('a frozen room takes messages of staff alone, and its members may leave', () =>
  matrix(
    place(rulesOf('group'), { frozen: true }),
    `
    act         owner admin moderator member guest muted stranger banned
    read        yes   yes   yes       yes    yes   yes   hid      hid
    write       yes   yes   yes       423    423   423   hid      hid
    leave       yes   yes   yes       yes    yes   yes   hid      hid
    kick        yes   <     <         103    103   103   hid      hid`,
  ));

test('a deleted room is gone for those who knew it, and never was for others', () => {
  for (const act of ACTS) {
    const codes = (kind: string, name: string) =>
      mayAct(place(rulesOf(kind), { deleted: true }), PEOPLE[name] as Person, act);
    assert.equal(codes('group', 'owner')?.error.code, 410);
    assert.equal(codes('group', 'invited')?.error.code, 410);
    assert.equal(codes('group', 'stranger'), HIDDEN);
    assert.equal(codes('group', 'banned'), HIDDEN);
    assert.equal(codes('channel', 'stranger')?.error.code, 410);
  }
});

test('a room that was never created answers like one that is not yours', () => {
  const nowhere = place(rulesOf('group'), { kind: '', cv: 0 });
  for (const act of ACTS) assert.equal(mayAct(nowhere, PEOPLE['stranger'] as Person, act), HIDDEN, act);
  const open = place(rulesOf('group', { join: 'Anyone' }), { kind: '', cv: 0 });
  assert.equal(mayAct(open, PEOPLE['stranger'] as Person, 'join'), HIDDEN);
});

test('two people who write to each other are plain members: no act of staff, and neither leaves', () => {
  for (const rules of [{}, { invite: 'Member' }] as const) {
    const dm = place(rulesOf('dm', rules), { kind: 'dm' });
    assert.deepEqual(allowedActs(dm, PEOPLE['member'] as Person), ['read', 'write']);
    assert.equal(mayAct(dm, PEOPLE['member'] as Person, 'leave')?.error.code, 108);
  }
  const blocked = place(rulesOf('dm'), { kind: 'dm', blocks: ['ann'] });
  assert.deepEqual(allowedActs(blocked, PEOPLE['member'] as Person), ['read']);
  assert.equal(mayAct(blocked, PEOPLE['member'] as Person, 'write')?.error.code, 103);
  assert.equal(mayAct(blocked, { ...(PEOPLE['member'] as Person), blocks: true }, 'write')?.error.code, 409);
  const open = place(declared('dm', { access: 'Open' }), { kind: 'dm' });
  assert.equal(mayAct(open, PEOPLE['member'] as Person, 'leave'), null);
});

test('the kind says who joins, who asks, who invites and who writes', () => {
  const code = (rules: Partial<KindRules>, name: string, act: (typeof ACTS)[number], kind = 'group') => {
    const denied = mayAct(place(rulesOf(kind, rules)), PEOPLE[name] as Person, act);
    return denied === HIDDEN ? 'hid' : (denied?.error.code ?? 'yes');
  };
  assert.equal(code({ join: 'Anyone' }, 'stranger', 'join'), 'yes');
  assert.equal(code({ join: 'Anyone' }, 'banned', 'join'), 'hid');
  assert.equal(code({ join: 'Request' }, 'stranger', 'request'), 'yes');
  assert.equal(code({ join: 'Request' }, 'stranger', 'join'), 'hid');
  assert.equal(code({ join: 'Request' }, 'banned', 'request'), 'hid');
  assert.equal(code({ invite: 'Member' }, 'member', 'invite'), 'yes');
  assert.equal(code({ invite: 'Member' }, 'guest', 'invite'), 103);
  assert.equal(code({ invite: 'Admin' }, 'moderator', 'link'), 103);
  assert.equal(code({ write: 'Everyone' }, 'guest', 'write'), 'yes');
  assert.equal(code({ write: 'Members' }, 'stranger', 'write', 'channel'), 103);
  assert.equal(code({ write: 'Staff' }, 'member', 'write'), 103);
  assert.equal(code({ write: 'Staff' }, 'moderator', 'write'), 'yes');
  assert.equal(code({}, 'stranger', 'read', 'claim'), 'hid');
  const listed = { known: null, listed: true };
  assert.equal(mayAct(place(rulesOf('claim')), listed, 'write'), null);
  assert.equal(mayAct(place(rulesOf('claim')), listed, 'join'), null);
});

test('a rank of staff is given by a higher rank alone; a member may add plain members where the kind lets members invite', () => {
  const gives = (name: string, act: 'role' | 'add', becomes: Rank) =>
    mayAct(place(rulesOf('group', { invite: 'Member' })), PEOPLE[name] as Person, act, { rank: 'member', becomes });
  const free = (name: string, becomes: Rank) =>
    mayAct(place(rulesOf('group', { invite: 'Member' })), PEOPLE[name] as Person, 'add', { rank: null, becomes });
  assert.deepEqual(
    RANKS.map(rank => gives('admin', 'role', rank) === null),
    [false, false, true, true, true],
  );
  assert.equal(gives('owner', 'role', 'owner'), null);
  assert.deepEqual([free('member', 'member'), free('member', 'moderator')?.error.code], [null, 103]);
});

test('a ban and a mute end with their time', () => {
  const at = place(rulesOf('channel'));
  assert.equal(mayAct(at, known({ state: 'banned', bannedUntil: NOW }), 'read'), null);
  assert.equal(mayAct(at, known({ state: 'banned', bannedUntil: NOW + 1 }), 'read')?.error.code, 103);
  assert.equal(mayAct(at, known({ mutedUntil: NOW }), 'write'), null);
  assert.match(mayAct(at, known({ mutedUntil: NOW + 1 }), 'write')?.detail ?? '', /until 1970-01-01T00:00:01.001Z/);
});

test('messages are read from the join on where the kind says so, and by guests', () => {
  assert.equal(readableAbove({ history: 'All' }, known({ since: 9 })), 0);
  assert.equal(readableAbove({ history: 'Joined' }, known({ since: 9 })), 9);
  assert.equal(readableAbove({ history: 'All' }, known({ since: 9, rank: 'guest' })), 9);
});
