import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { ReadMarks } from '../../../client/read-marks.ts';
import { memoryStorage } from '../../../client/storage.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';
import { settle } from '../../support/clocks/settle.ts';

const [TEA, CAKE] = ['group:tea', 'group:cake'];
const BUSY = new CallError(100, 'internal server error', true);
const DENIED = new CallError(103, 'permission denied', false);

/** Marks of a page. @param storage what pages share */
function page(storage = memoryStorage()) {
  const clock = new ManualClock();
  /** Calls so far, as `tea 7, cake 3`. */
  const calls: string[] = [];
  const faults: (CallError | null)[] = [];
  const told: string[] = [];
  /** Ends the calls while it is there. */
  let held: Promise<void> | null = null;
  const marks = new ReadMarks({
    storage,
    user: 'ann',
    clock,
    random: () => 0.5,
    follower: {
      read: room => void told.push(`read ${room}`),
      settled: room => void told.push(`settled ${room}`),
      marked: room => void told.push(`marked ${room}`),
    },
    async mark({ marks: given }) {
      calls.push(given.map(({ room, read }) => `${room.slice('group:'.length)} ${read}`).join(', '));
      await held;
      const fault = faults.shift();
      if (fault) throw fault;
      if (given.some(({ room }) => room === 'group:gone')) throw DENIED;
    },
  });
  const unsent = () => storage.keys('chatcluster/unsent-read/').length;
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    held = promise;
    return () => {
      held = null;
      resolve();
    };
  };
  const read = (room: string, offset: number) => marks.of(room).advance(offset, offset);
  return { storage, clock, marks, calls, faults, told, unsent, hold, read };
}

test('who follows marks hears of each one here, once the server has it, and of those of other devices', async () => {
  const { marks, read, told } = page();
  read(TEA, 3);
  marks.setOnline(true);
  await settle();
  read(TEA, 3);
  marks.heard({ type: 'mark', room: CAKE, read: 2, delivered: 2 });
  assert.deepEqual(told, [`read ${TEA}`, `settled ${TEA}`, `marked ${CAKE}`]);
});

test('a mark that another tab has sent is settled here too', async () => {
  const here = page();
  here.read(TEA, 3);
  const { marks } = page(here.storage);
  marks.setOnline(true);
  await settle();
  assert.equal(here.unsent(), 0);
  here.marks.setOnline(true);
  assert.deepEqual([here.told, here.calls], [[`read ${TEA}`, `settled ${TEA}`], []]);
});

test('marks made offline survive a reload, and are sent together once there is a connection', async () => {
  const first = page();
  first.read(TEA, 3);
  first.read(TEA, 7);
  first.read(CAKE, 2);
  await settle();
  assert.deepEqual(first.calls, []);
  const { marks, calls, unsent } = page(first.storage);
  marks.setOnline(true);
  await settle();
  assert.deepEqual(
    calls.map(call => call.split(', ').sort()),
    [['cake 2', 'tea 7']],
  );
  assert.equal(unsent(), 0);
  assert.equal(marks.of(TEA).offset, 7);
});

test('a lower mark is not sent, and reading on while a call is under way is one more call', async () => {
  const { marks, calls, hold, read, unsent } = page();
  marks.setOnline(true);
  const release = hold();
  read(TEA, 1);
  for (let offset = 2; offset <= 9; offset++) read(TEA, offset);
  read(TEA, 5);
  release();
  await settle();
  assert.deepEqual(calls, ['tea 1', 'tea 9']);
  read(TEA, 9);
  read(TEA, 4);
  await settle();
  assert.equal(calls.length, 2);
  assert.equal(unsent(), 0);
});

test('after an error that passes marks are sent again, and at once after a new connection', async () => {
  const { marks, calls, faults, read, clock } = page();
  marks.setOnline(true);
  faults.push(BUSY, BUSY);
  read(TEA, 1);
  await settle();
  assert.deepEqual(calls, ['tea 1']);
  clock.pass(60_000);
  await settle();
  assert.deepEqual(calls, ['tea 1', 'tea 1']);
  marks.setOnline(false);
  marks.setOnline(true);
  await settle();
  assert.deepEqual(calls, ['tea 1', 'tea 1', 'tea 1']);
  clock.pass(60_000);
  await settle();
  assert.equal(calls.length, 3);
});

test('a mark that is refused for good holds up no other one, and is not sent again', async () => {
  const { marks, calls, read, unsent } = page();
  read('group:gone', 4);
  read(TEA, 1);
  marks.setOnline(true);
  await settle();
  assert.deepEqual(calls.slice(1).sort(), ['gone 4', 'tea 1']);
  assert.equal(unsent(), 0);
  read('group:gone', 4);
  await settle();
  assert.equal(calls.length, 3);
});

test('two tabs send the highest mark of both, whichever sends', async () => {
  const one = page();
  const two = page(one.storage);
  one.read(TEA, 4);
  two.read(TEA, 9);
  one.read(TEA, 6);
  one.marks.setOnline(true);
  await settle();
  assert.deepEqual(one.calls, ['tea 9']);
  two.marks.setOnline(true);
  await settle();
  assert.deepEqual(two.calls, []);
});

test("a mark of another device moves this one's, and is not sent back", async () => {
  const { marks, calls, read } = page();
  read(TEA, 3);
  assert.equal(marks.heard({ type: 'mark', room: TEA, read: 8, delivered: 8 }), TEA);
  assert.equal(marks.of(TEA).offset, 8);
  assert.equal(marks.heard({ type: 'mark', room: TEA, read: 5, delivered: 9 }), null);
  assert.equal(marks.of(TEA).offset, 8);
  for (const other of [null, 'x', { type: 'note' }, { type: 'mark', room: 3, read: 1 }, { type: 'mark', room: TEA }])
    assert.equal(marks.heard(other), null);
  marks.setOnline(true);
  await settle();
  assert.deepEqual(calls, []);
});
