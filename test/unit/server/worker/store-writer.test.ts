import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { PullFailed } from '../../../../server/bus/pull.ts';
import { systemClock } from '../../../../server/time/clock.ts';
import { Gate } from '../../../../server/worker/gate.ts';
import { WorkerMetrics } from '../../../../server/worker/metrics.ts';
import { StoreWriter } from '../../../../server/worker/store-writer.ts';
import { until } from '../../../../tools/support/until.ts';

/** Stores from a stream whose reads fail while `failing()`. @returns reported problems, in order */
function storing(failing: () => boolean, signal: AbortSignal): (string | null)[] {
  const reported: (string | null)[] = [];
  const gate = new Gate();
  gate.open();
  const unused = () => assert.fail('nothing was pulled');
  const writer = new StoreWriter({
    partition: 0,
    prefix: 'log.',
    limits: { size: 10, delayMs: 0, maxBytes: 1_000 },
    ackWaitMs: 30_000,
    gate,
    pull: async () => {
      await turn();
      if (failing()) throw new PullFailed('LOG answered 409 Batch Completed');
      return [];
    },
    epochAt: unused,
    writer: { write: unused, setAside: unused, floor: unused } as never,
    setAside: unused,
    written: unused,
    read: problem => void reported.push(problem),
    clock: {
      ...systemClock,
      after: (_, run) => {
        void turn().then(run);
        return () => undefined;
      },
    },
    random: () => 0,
    metrics: new WorkerMetrics(),
    log: pino({ level: 'silent' }),
  });
  void writer.run(signal);
  return reported;
}

test('a stream that cannot be read is reported once it has failed several times, until it can', async t => {
  const ended = new AbortController();
  t.after(() => ended.abort());
  let failing = true;
  const reported = storing(() => failing, ended.signal);
  await until('the problem is reported', () => reported.length > 0);
  assert.match(reported[0] ?? '', /Batch Completed/);
  failing = false;
  await until('it is over', () => reported.at(-1) === null);
});
