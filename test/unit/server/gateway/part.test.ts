import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Part, routesOf, runParts } from '../../../../server/gateway/part.ts';
import { TICK_MS } from '../../../../server/session/heartbeat.ts';

/** A part that notes its name when it is ticked and when it is stopped. */
const noting = (name: string, notes: string[]): Part => ({
  tick: () => void notes.push(`${name} ticks`),
  stop: () => void notes.push(`${name} stops`),
});

test('parts tick in their order, and stop in the reverse order, once, whichever of them fails', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const notes: string[] = [];
  const failing: Part = {
    stop: async () => {
      notes.push('failing stops');
      throw new Error('it was gone already');
    },
  };
  const stop = runParts([noting('first', notes), failing, {}, noting('last', notes)]);
  t.mock.timers.tick(TICK_MS);
  assert.deepEqual(notes.splice(0), ['first ticks', 'last ticks']);
  await Promise.all([stop(), stop()]);
  t.mock.timers.tick(TICK_MS);
  assert.deepEqual(notes, ['last stops', 'failing stops', 'first stops']);
});

test('parts that stop at once are stopped before anything else runs', async () => {
  const notes: string[] = [];
  void runParts([noting('first', notes), noting('second', notes), noting('third', notes)])();
  assert.deepEqual(notes, ['third stops', 'second stops', 'first stops']);
});

test('a path belongs to one part', () => {
  const route = { answer: () => ({ status: '200 OK', headers: {}, body: '' }) };
  const routes = routesOf([{ routes: { '/a': route } }, {}, { routes: { '/b': route } }]);
  assert.deepEqual(Object.keys(routes), ['/a', '/b']);
  assert.throws(() => routesOf([{ routes: { '/a': route } }, { routes: { '/a': route } }]), /two parts answer \/a/);
});
