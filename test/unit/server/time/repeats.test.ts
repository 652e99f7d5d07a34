import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from 'pino';
import { roomEvents } from '../../../../server/gateway/room-events.ts';
import { streamsExist } from '../../../../server/gateway/streams-exist.ts';
import type { GatewayMetrics } from '../../../../server/telemetry/gateway-metrics.ts';
import type { Moment, WallTime } from '../../../../server/time/clock.ts';
import { REPEAT_MS, Repeats } from '../../../../server/time/repeats.ts';

function timed(): { now: () => Moment; pass: (ms: number) => void } {
  let at = 0;
  return {
    now: () => at as Moment,
    pass: ms => {
      at += ms;
    },
  };
}

function warnings(): { logger: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  return { logger: { warn: (facts: Record<string, unknown>) => lines.push(facts) } as unknown as Logger, lines };
}

test('a gateway that waits for its streams for two minutes says so a few times, and at once when the reason changes', async () => {
  const { now, pass } = timed();
  const { logger, lines } = warnings();
  let tries = 0;
  const log = {
    partitions: 1,
    state: async () => {
      tries += 1;
      if (tries <= 240) throw new Error(tries <= 120 ? 'stream not found' : 'no responders');
      return { last: 0, first: 0, epoch: '' };
    },
  };
  await streamsExist(log as never, logger, { now, pause: async () => pass(500) });
  assert.equal(tries, 241);
  assert.deepEqual(
    lines.map(({ reason, unlogged }) => [reason, unlogged]),
    [
      ['stream not found', undefined],
      ['stream not found', 59],
      ['no responders', undefined],
      ['no responders', 59],
    ],
  );
});

test('reasons that take turns are each said once in a while', () => {
  const { now, pass } = timed();
  const repeats = new Repeats(now);
  const said = ['a', 'b', 'a', 'b'].map(reason => repeats.news(reason) !== null);
  assert.deepEqual(said, [true, true, false, false]);
  pass(REPEAT_MS);
  assert.deepEqual([repeats.news('a'), repeats.news('b')], [{ unlogged: 1 }, {}]);
});

test('thousands of rooms that cannot be re-checked are one line', () => {
  const { now } = timed();
  const { logger, lines } = warnings();
  let counted = 0;
  const metrics = { repairFailures: { inc: () => counted++ } } as unknown as GatewayMetrics;
  const clocks = { now, wallClock: () => 0 as WallTime };
  const events = roomEvents(metrics, {} as never, {} as never, logger, clocks);
  for (let room = 0; room < 5_000; room++) events.repairFailed(`room-${room}`, new Error('timeout'));
  assert.deepEqual(lines, [{ room: 'room-0', reason: 'timeout' }]);
  assert.equal(counted, 5_000);
});

test('of reasons that never repeat the last 1,000 are remembered', () => {
  const { now } = timed();
  const repeats = new Repeats(now);
  for (let room = 0; room < 5_000; room++) repeats.news(`room ${room} lags`);
  const isNew = (room: number) => repeats.news(`room ${room} lags`) !== null;
  assert.deepEqual([isNew(4_000), isNew(4_999), isNew(3_999)], [false, false, true]);
});
