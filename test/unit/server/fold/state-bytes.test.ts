import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_CHANNEL_BYTES, MAX_USER_BYTES } from '../../../../server/access/names.ts';
import { ENVELOPE_MOST_BYTES } from '../../../../server/bus/payload-limit.ts';
import { demandStateSize, mostLastingBytes } from '../../../../server/chat/state-size.ts';
import { type Control, controlBody } from '../../../../server/fold/control.ts';
import { foldControl } from '../../../../server/fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../../../../server/fold/room-state.ts';
import { readRoomState, roomStateJson } from '../../../../server/fold/room-state-json.ts';
import { jsonBytes, MOST_STATE_BYTES } from '../../../../server/fold/state-bytes.ts';
import { writeUserRooms } from '../../../../server/membership/user-documents.ts';
import { CommandError } from '../../../../server/protocol/command-error.ts';
import { MemoryPolicyStore } from '../../../support/chat/memory-policy.ts';

/** `max_payload` of nats-server by default. */
const NATS_BYTES = 1_048_576;
const BODY_BYTES = NATS_BYTES - ENVELOPE_MOST_BYTES;
const NOW = 1_800_000_000_000;
const LATER = Number.MAX_SAFE_INTEGER;
const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

/** A room that users act on, as gateways let them. */
class Grown {
  state: RoomState = NO_ROOM;
  refused = 0;
  readonly #char: string;
  readonly #bodyBytes: number;
  #count = 0;

  constructor(char: string, bodyBytes = BODY_BYTES) {
    this.#char = char;
    this.#bodyBytes = bodyBytes;
  }

  /** A user whose name is as long as one may be. */
  name(): string {
    const own = `${this.#count++}`.padStart(7, '0');
    return own + this.#char.repeat(Math.floor((MAX_USER_BYTES - own.length) / Buffer.byteLength(this.#char)));
  }

  names(count: number): string[] {
    return Array.from({ length: count }, () => this.name());
  }

  act(by: string, control: Control): boolean {
    const cv = this.state.cv + 1;
    const entry = { id: crypto.randomUUID(), cv, by, time: NOW, control };
    try {
      demandStateSize(
        { messages: { mostBodyBytes: this.#bodyBytes } } as Parameters<typeof demandStateSize>[0],
        this.state,
        entry,
      );
    } catch (error) {
      assert.ok(error instanceof CommandError && error.error.code === 106);
      this.refused += 1;
      return false;
    }
    // The state of the highest numbers that JSON has.
    this.state = foldControl(this.state, { ...entry, offset: this.state.at + 1 });
    assert.equal(this.state.cv, cv);
    return true;
  }

  /** Size of the value in POLICY, and of the body of a snapshot. */
  sizes() {
    const state = roomStateJson(this.state);
    const control = { act: 'snapshot', state } as const;
    const body = controlBody({ id: crypto.randomUUID(), cv: LATER, by: '', time: LATER, control }, 'room');
    return { value: sizeOf(state), body: sizeOf(body) };
  }
}

/** Numbers of users whom {@link grow} brings into a room. */
const FEW = { members: 1_000, requests: 100, bans: 300, kicks: 200 };

/** Fills every list of a room as far as gateways let users do it. */
function grow(room: Grown, open: boolean, { members: most, requests, bans, kicks } = FEW): void {
  const owner = room.name();
  const texts = { name: '\u0001'.repeat(100), topic: '\u0001'.repeat(500), avatar: '\u0001'.repeat(2_048) };
  room.act(owner, { act: 'create', kind: 'k'.repeat(63), open, ...texts, members: [{ user: owner, rank: 'owner' }] });
  for (let links = 0; links < 20; links++)
    room.act(owner, { act: 'link', hash: `${links}`.padStart(43, 'h'), uses: LATER, expires: LATER });
  const add = (users: readonly string[], rank: 'moderator' | 'member') =>
    room.act(owner, { act: 'add', users: users.map(user => ({ user, rank })) });
  const members = room.names(most);
  for (let at = 0; at < most; at += 50) add(members.slice(at, at + 50), 'moderator');
  for (const user of members.slice(0, 50)) room.act(owner, { act: 'mute', user, until: LATER });
  const note = '\u0001'.repeat(500);
  for (const user of room.names(requests)) room.act(user, { act: 'request', note });
  for (const user of room.names(bans)) room.act(owner, { act: 'ban', user, until: LATER, reason: note, absent: true });
  // Those who cannot be added any more leave their names in what forgets all the same.
  for (const user of room.names(kicks)) room.act(owner, { act: 'kick', user });
}

const CASES = [
  { what: 'of members, names of quotes', char: '"', open: false },
  { what: 'open, names of quotes', char: '"', open: true },
  { what: 'of members, plain names', char: 'a', open: false },
] as const;

for (const { what, char, open } of CASES)
  test(`a room is never too large for NATS, with the longest names: ${what}`, () => {
    const room = new Grown(char);
    grow(room, open);
    const { value, body } = room.sizes();
    assert.ok(value > 400_000, `${value}`);
    assert.ok(value <= MOST_STATE_BYTES && body <= MOST_STATE_BYTES, `${value} ${body}`);
    assert.ok(MOST_STATE_BYTES <= BODY_BYTES);
    assert.deepEqual(readRoomState(JSON.parse(JSON.stringify(roomStateJson(room.state)))), room.state);
    // Staff and members can always make it smaller.
    const refused = room.refused;
    const members = [...room.state.members].filter(([, { state }]) => state === 'member').map(([user]) => user);
    const [first = '', second = ''] = members;
    assert.ok(room.act(first, { act: 'kick', user: second }) && room.act(first, { act: 'leave' }));
    assert.ok(room.act(second, { act: 'freeze', on: true }) && room.act(second, { act: 'delete' }));
    assert.equal(room.refused, refused);
  });

test('the usual names fill every list of a room without a refusal', () => {
  const room = new Grown('a');
  room.name = () => crypto.randomUUID();
  grow(room, false, { members: 999, requests: 500, bans: 1_000, kicks: 520 });
  assert.deepEqual([room.refused, room.state.members.size, room.state.cuts.length], [0, 2_500, 512]);
  assert.equal(room.state.ids.length, 256);
  assert.ok(room.sizes().value < 500_000, `${room.sizes().value}`);
});

test('a server that takes less makes rooms smaller, and none too large for it', () => {
  const room = new Grown('a', 400_000);
  grow(room, false);
  assert.ok(room.refused > 0 && room.sizes().body <= 400_000, `${room.sizes().body}`);
  assert.equal(mostLastingBytes(10_000), 2_000);
  assert.equal(mostLastingBytes(Number.POSITIVE_INFINITY), mostLastingBytes(BODY_BYTES));
});

test('a part of the document of a user fits into half of a message, with the longest names of rooms', async () => {
  const room = (index: number) => `k:${index}`.padEnd(MAX_CHANNEL_BYTES, '"');
  const known = {
    state: 'requested',
    rank: 'moderator',
    since: LATER,
    cv: LATER,
    kind: 'k'.repeat(63),
    own: LATER,
  } as const;
  const policy = new MemoryPolicyStore();
  await writeUserRooms(policy, 'ann', new Map(Array.from({ length: 564 }, (_, index) => [room(index), known])));
  const { value } = (await policy.read({ user: 'ann' })) ?? assert.fail();
  assert.ok((sizeOf(value) / 500) * 564 < NATS_BYTES / 2, `${sizeOf(value)}`);
});

test('the size of a text in JSON is not estimated too low', () => {
  for (const text of ['', 'abc', '"\\', '\u0000\u001f\n', 'é界👍', '\u2028\u007f']) {
    const size = sizeOf(text) - 2;
    assert.ok(jsonBytes(text) >= size && jsonBytes(text) <= 2 * size, text);
  }
});
