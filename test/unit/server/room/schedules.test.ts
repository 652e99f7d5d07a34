import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Position } from '../../../../server/protocol/codec.ts';
import { integer, pick, seeded } from '../../../../tools/support/random.ts';
import { TestMember, TestRooms } from '../../../support/chat/test-rooms.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'channel:room';
const SEEDS = 150;
const STEPS = 250;
const turn = () => new Promise<void>(resolve => setImmediate(resolve));

/** A reader of the room that comes and goes, and recovers from the last message it read, as the SDKs do. */
class Reader {
  /** Offset the first subscription began at. */
  start = 0;
  readonly received: number[] = [];
  readonly #rooms: TestRooms;
  #position: Position | null = null;
  #member: TestMember | null = null;

  constructor(rooms: TestRooms) {
    this.#rooms = rooms;
  }

  get here(): boolean {
    return this.#member !== null;
  }

  enter(slow: boolean): void {
    const member = new TestMember(this.#rooms);
    member.slow = slow;
    this.#member = member;
    this.#rooms.join(ROOM, this.#position, member).catch(error => {
      assert.equal((error as Error).name, 'ReadFailed');
      if (this.#member === member) this.#member = null; // as an SDK it tries again
    });
  }

  /** Reads what waits; a slow reader stays slow. */
  read(slow: boolean): void {
    if (!this.#member) return;
    this.#member.slow = slow;
    this.#member.read();
  }

  leave(): void {
    const member = this.#member;
    if (!member) return;
    member.leave();
    this.#member = null;
    if (!member.answer) return;
    assert.equal(member.answer.wasRecovering, this.#position !== null);
    if (this.#position) assert.equal(member.answer.recovered, true);
    else this.start = member.answer.offset;
    this.received.push(...member.offsets);
    this.#position = { offset: member.offsets.at(-1) ?? member.answer.offset, epoch: member.answer.epoch };
  }

  get expelled(): boolean {
    return (this.#member?.expulsions.length ?? 0) > 0;
  }
}

async function play(seed: number): Promise<void> {
  const random = seeded(seed);
  const chance = (share: number) => random() < share;
  const rooms = new TestRooms({
    tailMessages: 1 + integer(random, 20),
    tailBytes: pick(random, [0, 5_000, 1_000_000]),
    chunk: 1 + integer(random, 12),
    chunkBytes: pick(random, [500, 1_000_000]),
    limit: 10_000,
    lingerMs: 1_000,
  });
  const { log } = rooms;
  log.wait = async () => {
    for (let turns = integer(random, 4); turns > 0; turns--) await turn();
  };
  const losing = pick(random, [0, 0.1, 0.5]);
  log.loses = () => chance(losing);
  for (let i = integer(random, 60); i > 0; i--) log.append(ROOM);
  const readers = Array.from({ length: 4 }, () => new Reader(rooms));
  const background: Promise<unknown>[] = [];

  const actions: readonly (() => void)[] = [
    () => log.append(ROOM),
    () => log.append(ROOM),
    () => log.append(ROOM),
    () => log.append('channel:other'),
    () => log.storeUpTo(integer(random, log.last + 1)),
    () => log.purge(log.last - integer(random, 40)),
    () => {
      log.replicaLast = chance(0.3) ? log.last : Number.POSITIVE_INFINITY;
    },
    () => {
      log.fails = chance(0.2) ? request => request === 'readAfter' : () => false;
    },
    () => {
      // LIVE turns over, or is made again.
      if (chance(0.3)) log.forgotten = Math.max(log.forgotten, log.last - integer(random, 4));
    },
    () => background.push(rooms.rooms.recheck()),
    () => {
      rooms.rooms.sweep();
      rooms.clock.pass(integer(random, 700));
    },
    () => {
      const reader = pick(random, readers);
      if (reader.expelled || (reader.here && chance(0.4))) reader.leave();
      else if (!reader.here) reader.enter(chance(0.4));
      else reader.read(chance(0.5));
    },
  ];
  for (let step = 0; step < STEPS; step++) {
    pick(random, actions)();
    if (chance(0.6)) await turn();
  }

  log.wait = () => Promise.resolve();
  log.loses = () => false;
  log.fails = () => false;
  log.replicaLast = Number.POSITIVE_INFINITY;
  await settle();
  for (const reader of readers) {
    if (reader.expelled) reader.leave();
    if (!reader.here) reader.enter(false);
  }
  for (let round = 0; round < 4; round++) {
    await settle();
    await rooms.rooms.recheck();
    rooms.clock.pass(6_000);
    for (const reader of readers) reader.read(false);
  }
  await settle();
  await Promise.all(background);
  for (const reader of readers) {
    reader.leave();
    const expected = log.offsetsOf(ROOM).filter(offset => offset > reader.start);
    assert.deepEqual(reader.received, expected, `seed ${seed}`);
  }
  const room = rooms.rooms.find(ROOM);
  assert.deepEqual([room?.members.size, room?.lane.joining], [0, 0], `seed ${seed}`);
}

test('whatever comes between, every reader has every message once and in order', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await play(seed);
});
