import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientState, type ClientStateName } from '../../../client/client-state.ts';
import { settle } from '../../support/clocks/settle.ts';

function clientState() {
  const calls: ClientStateName[] = [];
  const state = new ClientState(async name => {
    calls.push(name);
    throw new Error('method not found');
  });
  return { state, calls };
}

test('each connection is told the state, unless it is the one that it begins with', () => {
  const { state, calls } = clientState();
  state.connection(true);
  state.set('active');
  assert.deepEqual(calls, []);
  state.set('background');
  state.set('background');
  assert.deepEqual(calls, ['background']);
  state.connection(false);
  state.set('active');
  state.set('background');
  assert.deepEqual(calls, ['background']);
  state.connection(true);
  assert.deepEqual(calls, ['background', 'background']);
  state.set('active');
  assert.deepEqual(calls, ['background', 'background', 'active']);
});

test('an error is ignored, and not repeated', async () => {
  const { state, calls } = clientState();
  state.connection(true);
  state.set('background');
  await settle();
  assert.deepEqual(calls, ['background']);
});
