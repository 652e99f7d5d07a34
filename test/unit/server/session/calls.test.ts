import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, Holds } from '../../../../server/chat/verb.ts';
import { ERRORS } from '../../../../server/protocol/codes.ts';
import { CommandError } from '../../../../server/protocol/command-error.ts';
import { Calls } from '../../../../server/session/calls.ts';
import type { Moment } from '../../../../server/time/clock.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { settle } from '../../../support/clocks/settle.ts';

/** Calls of one connection. Each waits for its gate twice: before it is placed, and before it ends. */
function setUp() {
  const clock = new ManualClock();
  const begun: number[] = [];
  const placed: number[] = [];
  const answered: number[] = [];
  const failed: [id: number, error: unknown][] = [];
  const caller = {
    identity: { user: 'alice', expiresAt: Number.POSITIVE_INFINITY as Moment, rooms: [] },
    client: 'a client',
    gone: false,
    isBackground: false,
    context: { after: clock.after },
    reply: (id: number) => void answered.push(id),
    failed: (id: number, error: unknown) => void failed.push([id, error]),
  };
  const calls = new Calls(caller);
  const gates = new Map<number, PromiseWithResolvers<void>>();
  const begin = (id: number, room: string | null, { holds = 'room' as Holds, bytes = 100, at = 'gate' } = {}) =>
    calls.begin(id, { room, holds, bytes }, async call => {
      begun.push(id);
      if (at === 'once') place(call, id);
      const gate = Promise.withResolvers<void>();
      gates.set(id, gate);
      await gate.promise;
      if (at === 'gate') place(call, id);
      return { method: 'publish' };
    });
  const place = (call: Call, id: number) => {
    call.placed();
    placed.push(id);
  };
  const open = async (id: number) => {
    gates.get(id)?.resolve();
    await settle();
  };
  return { clock, caller, calls, begin, open, begun, placed, answered, failed };
}

test('calls that are placed at once hold nothing up, and each is answered when it ends', async () => {
  const { calls, begin, open, begun, answered } = setUp();
  for (const id of [1, 2, 3]) assert.equal(begin(id, 'a', { at: 'once', holds: 'connection' }), undefined);
  assert.deepEqual([begun, calls.waiting], [[1, 2, 3], 0]);
  for (const id of [2, 3, 1]) await open(id);
  assert.deepEqual(answered, [2, 3, 1]);
});

test('a call that holds its room is waited for there, in order, and nowhere else', async () => {
  const { calls, begin, open, begun, placed, answered } = setUp();
  for (const [id, room] of [
    [1, 'a'],
    [2, 'a'],
    [3, 'b'],
    [4, 'a'],
  ] as const)
    assert.equal(begin(id, room), undefined);
  assert.deepEqual([begun, calls.waiting], [[1, 3], 400]);
  await open(3);
  assert.deepEqual([begun, placed], [[1, 3], [3]]);
  await open(1);
  await open(2);
  await open(4);
  assert.deepEqual(
    [begun, placed, answered],
    [
      [1, 3, 2, 4],
      [3, 1, 2, 4],
      [3, 1, 2, 4],
    ],
  );
  assert.equal(calls.waiting, 0);
  void begin(5, 'a');
  assert.equal(begun.at(-1), 5);
});

test('a call that holds the connection is waited for by the commands behind it until it is placed or has ended', async () => {
  for (const at of ['gate', 'never']) {
    const { begin, open, calls } = setUp();
    let over = false;
    const wait = begin(1, null, { holds: 'connection', at });
    assert.ok(wait);
    void wait.then(() => {
      over = true;
    });
    await settle();
    assert.deepEqual([over, calls.waiting], [false, 0]);
    await open(1);
    assert.equal(over, true);
  }
});

test('a call that holds the connection begins behind those that hold its room', async () => {
  const { begin, open, begun } = setUp();
  void begin(1, 'a');
  const wait = begin(2, 'a', { holds: 'connection' });
  assert.ok(wait);
  assert.deepEqual(begun, [1]);
  await open(1);
  assert.deepEqual(begun, [1, 2]);
  await open(2);
  await wait;
});

test('a call that takes too long is answered, and may not write any more; those behind it that were answered are not begun', async () => {
  const { clock, begin, open, begun, placed, answered, failed } = setUp();
  void begin(1, 'a');
  void begin(2, 'a');
  clock.pass(4_500);
  await settle();
  void begin(3, 'a');
  await open(1);
  assert.deepEqual(
    failed.map(([id, error]) => [id, error instanceof CommandError && error.error]),
    [
      [1, ERRORS.internal],
      [2, ERRORS.internal],
    ],
  );
  await open(3);
  assert.deepEqual([begun, placed, answered], [[1, 3], [3], [3]]);
});

test('nothing is begun or written for a connection that is gone, and nothing is answered', async () => {
  const { caller, begin, open, begun, placed, answered, failed } = setUp();
  void begin(1, 'a');
  void begin(2, 'a');
  caller.gone = true;
  await open(1);
  assert.deepEqual([begun, placed, answered, failed], [[1], [], [], []]);
});

test('what waits is bounded: a call above it is refused and writes nothing', async () => {
  const { calls, begin, open, placed } = setUp();
  void begin(1, 'a', { bytes: 1_000_000 });
  assert.equal(begin(2, 'b', { bytes: 100_000, at: 'once' }), undefined);
  for (const [id, room] of [
    [3, 'a'],
    [4, 'b'],
  ] as const)
    assert.throws(() => begin(id, room, { bytes: 100_000 }), {
      error: ERRORS.tooManyRequests,
      message: /at most 1048576 bytes/,
    });
  assert.equal(calls.waiting, 1_000_000);
  for (const id of [1, 3, 4]) await open(id);
  assert.deepEqual([placed, calls.waiting], [[2, 1], 0]);
});

test('a call that fails is answered with its failure, and lets the next one begin', async () => {
  const { calls, begin, begun, failed } = setUp();
  const bug = new Error('a bug');
  void calls.begin(1, { room: 'a', holds: 'room', bytes: 1 }, async () => {
    await settle();
    throw bug;
  });
  void begin(2, 'a');
  while (begun.length === 0) await settle();
  assert.deepEqual(failed, [[1, bug]]);
});
