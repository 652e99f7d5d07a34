import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Control, ControlEntry } from '../../../../server/fold/control.ts';
import { foldControl } from '../../../../server/fold/control-fold.ts';
import {
  CUT_MS,
  type Cut,
  isCut,
  MOST_CUTS,
  NO_ROOM,
  type RoomState,
  type Written,
} from '../../../../server/fold/room-state.ts';
import { readRoomState, roomStateJson } from '../../../../server/fold/room-state-json.ts';
import { cutBytes, LIST_BYTES } from '../../../../server/fold/state-bytes.ts';
import { integer, pick } from '../../../../tools/support/random.ts';
import { created, entry } from '../../../support/chat/control-log.ts';
import { fuzz, type Random } from '../../../support/fuzz/fuzz.ts';

/** Cut that an entry makes, by the rule as plainly as it can be said. */
function cutOf({ control, by, cv, offset, time }: ControlEntry): Cut | null {
  const of = (user: string) => ({ cv, offset, user, time });
  if (control.act === 'kick' || control.act === 'ban') return of(control.user);
  if (control.act === 'mute') return control.until > 0 ? of(control.user) : null;
  if (control.act === 'leave') return { ...of(by), left: true };
  return control.act === 'freeze' && control.on ? of('*') : null;
}

const voids = (cut: Cut, { user, offset, seen }: Written) =>
  (cut.user === user || cut.user === '*') && cut.offset < offset && cut.cv > seen;

/** A state that went through a store and back. */
const stored = (state: RoomState, change = (cut: Cut) => cut) =>
  readRoomState(JSON.parse(JSON.stringify(roomStateJson({ ...state, cuts: state.cuts.map(change) })))) as RoomState;

/** The state that a release which does not know leaves makes of one. */
const storedBefore = (state: RoomState) => stored(state, ({ left: _, ...cut }) => cut);

/** A room of a few users and its whole history. Messages may stand between any two of its entries. */
class History {
  state: RoomState = NO_ROOM;
  /** All cuts that ever were. */
  readonly cuts: Cut[] = [];
  time = 0;
  readonly #random: Random;
  readonly #offsets: number[] = [];
  readonly #users: readonly string[];

  constructor(random: Random) {
    this.#random = random;
    const longest = pick(random, [1, 40, 240]);
    const name = (index: number) => `${index}${pick(random, ['"', 'a']).repeat(integer(random, longest))}`;
    this.#users = Array.from({ length: 6 }, (_, index) => name(index));
    this.add('ann', created({ ann: 'owner' }));
  }

  /** @param leaves share of leaves among the entries */
  grow(count: number, leaves: number): void {
    for (let made = 0; made < count; made++) {
      const user = pick(this.#random, this.#users);
      if (this.#random() < leaves) this.add(user, { act: 'leave' });
      else this.add('ann', anyActOn(this.#random, user));
    }
  }

  add(by: string, control: Control): void {
    this.time += integer(this.#random, this.#random() < 0.01 ? CUT_MS / 4 : 90_000);
    const offset = this.state.at + 2 + integer(this.#random, 3);
    const added = { ...entry(offset, this.state.cv + 1, control, by), time: this.time };
    this.state = foldControl(this.state, added);
    assert.equal(this.state.cv, added.cv);
    this.#offsets.push(offset);
    const cut = cutOf(added);
    if (cut) this.cuts.push(cut);
  }

  /** Messages of users at any places, whose gateways had any versions that there were, most of them a recent one. */
  messages(): Written[] {
    return Array.from({ length: 200 }, () => {
      const version = 1 + integer(this.#random, this.#offsets.length);
      const late = integer(this.#random, this.#random() < 0.8 ? 4 : version + 1);
      const offset = (this.#offsets[version - 1] ?? 0) + 1;
      return { user: pick(this.#random, this.#users), offset, seen: Math.max(0, version - late) };
    });
  }
}

const anyActOn = (random: Random, user: string): Control =>
  pick<Control>(random, [
    { act: 'kick', user },
    { act: 'ban', user, until: 0 },
    { act: 'mute', user, until: integer(random, 2) },
    { act: 'add', users: [{ user, rank: 'member' }] },
    { act: 'freeze', on: random() < 0.3 },
    { act: 'update', name: 'tea' },
  ]);

const isLeave = ({ left }: Cut) => left === true;
const isOfStaff = ({ left }: Cut) => left === undefined;
const fits = (cuts: readonly Cut[]) =>
  cuts.length <= MOST_CUTS && cuts.reduce((bytes, cut) => bytes + cutBytes(cut), 0) <= LIST_BYTES;

/** Calls `check` with a history at several moments. @param store makes of a state now and then what a store gives back */
function atMoments(random: Random, store: (state: RoomState) => RoomState, check: (history: History) => void): void {
  const history = new History(random);
  for (let parts = 1 + integer(random, 4); parts > 0; parts--) {
    history.grow(integer(random, 400), pick(random, [0, 0.1, 0.5, 0.97]));
    if (random() < 0.5) history.state = store(history.state);
    check(history);
  }
}

fuzz('a message is void only by an act of the history, and the cuts of a state are small', [1, 2], 8, random =>
  atMoments(random, pick(random, [stored, storedBefore]), history => {
    const { cuts } = history.state;
    assert.ok(cuts.length <= MOST_CUTS && Buffer.byteLength(JSON.stringify(cuts)) <= LIST_BYTES);
    const inOrder = cuts.toSorted((a, b) => a.cv - b.cv || a.offset - b.offset);
    assert.deepEqual(cuts, inOrder);
    for (const message of history.messages())
      if (isCut(history.state, message)) assert.ok(history.cuts.some(cut => voids(cut, message)));
  }),
);

fuzz('a message that staff made void stays so for a week, whatever number of leaves follows', [3, 4, 5], 8, random =>
  atMoments(random, stored, history => {
    const byStaff = history.cuts.filter(isOfStaff);
    const isKept = (cut: Cut, index: number) => cut.time > history.time - CUT_MS && fits(byStaff.slice(index));
    const kept = byStaff.filter(isKept);
    for (const message of history.messages())
      if (kept.some(cut => voids(cut, message))) assert.ok(isCut(history.state, message));
  }),
);

fuzz('a message after the leave of its author stays void while the cuts have room for it', [6, 7], 8, random =>
  atMoments(random, stored, history => {
    const byStaff = history.cuts.filter(isOfStaff);
    const leaves = history.cuts.filter(isLeave);
    const isKept = (cut: Cut, index: number) =>
      cut.time > history.time - CUT_MS && fits([...byStaff, ...leaves.slice(index)]);
    const kept = leaves.filter(isKept);
    for (const message of history.messages())
      if (kept.some(cut => voids(cut, message))) assert.ok(isCut(history.state, message));
  }),
);

test('a kick is remembered after thousands of leaves, and another kick of the user does not replace it', () => {
  const history = new History(() => 0);
  history.add('ann', { act: 'kick', user: 'bob' });
  const early = { user: 'bob', offset: history.state.at + 1, seen: 1 };
  history.add('ann', { act: 'add', users: [{ user: 'bob', rank: 'member' }] });
  const counting = { user: 'bob', offset: history.state.at + 1, seen: 3 };
  history.add('ann', { act: 'kick', user: 'bob' });
  for (let index = 0; index < 3_000; index++) history.add(`u${index % 700}`, { act: 'leave' });
  assert.deepEqual([isCut(history.state, early), isCut(history.state, counting)], [true, false]);
  assert.equal(history.state.cuts.filter(isOfStaff).length, 2);
});

test('a room full of acts of staff forgets a leave at once, but not the one that ends it', () => {
  const history = new History(() => 0);
  for (let index = 0; index < MOST_CUTS + 8; index++) history.add('ann', { act: 'kick', user: `u${index}` });
  const late = (user: string) => ({ user, offset: history.state.at + 1, seen: history.state.cv - 1 });
  history.add('bob', { act: 'leave' });
  assert.deepEqual([isCut(history.state, late('bob')), history.state.cuts.length], [false, MOST_CUTS]);
  history.add('ann', { act: 'leave', dissolves: true });
  assert.deepEqual([isCut(history.state, late('bob')), isCut(history.state, late('ann'))], [true, true]);
});
