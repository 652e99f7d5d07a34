import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallAbandoned } from '../../../../server/chat/verb.ts';
import { observedCall } from '../../../../server/commands/observed-call.ts';
import { StoreUnavailable } from '../../../../server/room/history-store.ts';
import { noTrace } from '../../../../server/telemetry/message-trace.ts';
import type { Moment } from '../../../../server/time/clock.ts';
import { testMetrics } from '../../../support/chat/test-chat.ts';
import { TestGateway } from '../../../support/chat/test-gateway.ts';

/** Values of a metric, by its labels. */
async function valuesOf(metrics: ReturnType<typeof testMetrics>, name: string, suffix = '') {
  const found = await metrics.registry.getSingleMetric(`chatcluster_${name}`)?.get();
  const values = (found?.values ?? []) as readonly { metricName?: string; labels: object; value: number }[];
  return values
    .filter(({ metricName = '' }) => metricName.endsWith(suffix))
    .map(({ labels, value }) => [...Object.values(labels), value].join(' '))
    .sort();
}

test('calls of verbs are counted by their outcome', async () => {
  const gateway = new TestGateway();
  const { metrics } = gateway.context;
  const client = await gateway.connect();
  const id = crypto.randomUUID();
  const rpc = (method: string, data: object) => ({ rpc: { method, data } });
  const commands = [
    rpc('room.list', {}),
    rpc('room.list', {}),
    rpc('message.list', { room: 'none:room' }),
    rpc('message.edit', { room: 'channel:a', id, text: 'no target' }),
    rpc('no.verb', {}),
  ];
  for (const [index, command] of commands.entries()) await client.ask({ id: index + 2, ...command });
  assert.deepEqual(await valuesOf(metrics, 'verb_calls_total'), [
    'message.edit refused 1',
    'message.list refused 1',
    'room.list done 2',
  ]);
  assert.deepEqual(await valuesOf(metrics, 'verb_seconds', '_count'), ['message.list 1', 'room.list 2']);
});

test('a call is measured from its begin to its answer, and its failure tells a client from a backend', async () => {
  const metrics = testMetrics();
  let at = 0;
  const telemetry = { metrics, trace: noTrace, now: () => at as Moment };
  const call = (run: () => Promise<number>) => observedCall(telemetry, { verb: 'a.verb', room: null }, run);
  const fails = (error: Error) => async (): Promise<never> => {
    throw error;
  };
  const answer = Promise.withResolvers<number>();
  const slow = call(() => answer.promise);
  at = 2_000;
  answer.resolve(7);
  assert.equal(await slow, 7);
  await assert.rejects(call(fails(new StoreUnavailable('away'))), { name: 'StoreUnavailable' });
  await assert.rejects(call(fails(new CallAbandoned())), { name: 'CallAbandoned' });
  assert.deepEqual(await valuesOf(metrics, 'verb_calls_total'), [
    'a.verb abandoned 1',
    'a.verb done 1',
    'a.verb failed 1',
  ]);
  assert.deepEqual(await valuesOf(metrics, 'verb_seconds', '_sum'), ['a.verb 2']);
});
