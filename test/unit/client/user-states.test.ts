import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../../client/call-error.ts';
import { type UserState, UserStates } from '../../../client/user-states.ts';
import { ManualClock } from '../../support/clocks/manual-clock.ts';
import { settle } from '../../support/clocks/settle.ts';

/** Server where everybody is `server.state`. */
function bench() {
  const clock = new ManualClock();
  const calls: (readonly [verb: string, users: number])[] = [];
  const server = { state: 'active' as UserState['state'], error: null as Error | null };
  const states = new UserStates({
    clock,
    call: async (verb, { users }) => {
      calls.push([verb.replace('presence.', ''), users.length]);
      if (server.error) throw server.error;
      return { states: users.map(user => ({ user, state: server.state })) };
    },
  });
  let emitted = 0;
  states.changed.add(() => void emitted++);
  const pass = async (ms: number) => {
    clock.pass(ms);
    await settle();
  };
  return { states, calls, server, pass, emitted: () => emitted };
}

test('users that are shown at once are watched with one call, and events change what is known of them alone', async () => {
  const { states, calls, pass, emitted } = bench();
  states.connection(true);
  for (const user of ['ann', 'bob', 'ann']) assert.equal(states.of(user), null);
  await pass(50);
  assert.deepEqual(calls, [['watch', 2]]);
  assert.deepEqual(states.of('bob'), { user: 'bob', state: 'active' });
  const before = emitted();
  states.heard({ type: 'presence', user: 'bob', state: 'away' });
  assert.equal(states.of('bob')?.state, 'away');
  states.heard({ type: 'presence', user: 'eve', state: 'away' });
  states.heard({ type: 'mark', room: 'group:tea' });
  states.heard(null);
  assert.equal(emitted(), before + 1);
});

test('nothing is known without a connection, and each new one watches again', async () => {
  const { states, calls, server, pass } = bench();
  states.of('bob');
  await pass(50);
  assert.deepEqual(calls, []);
  states.connection(true);
  await pass(50);
  states.connection(false);
  assert.equal(states.of('bob'), null);
  server.state = 'offline';
  states.connection(true);
  await pass(50);
  assert.equal(states.of('bob')?.state, 'offline');
  assert.deepEqual(calls, [
    ['watch', 1],
    ['watch', 1],
  ]);
});

test('after a temporary error the users are watched again, after a final one with the next connection', async () => {
  const { states, calls, server, pass } = bench();
  states.connection(true);
  states.of('bob');
  server.error = new CallError(100, 'internal', true);
  await pass(50);
  server.error = new CallError(104, 'method not found', false);
  await pass(5_000);
  await pass(60_000);
  assert.equal(calls.length, 2);
  server.error = null;
  states.connection(true);
  await pass(50);
  assert.equal(states.of('bob')?.state, 'active');
});

test('two hundred users are watched, and one who is not shown any more makes room', async () => {
  const { states, calls, pass } = bench();
  states.connection(true);
  for (let i = 0; i < 201; i++) states.of(`u${i}`);
  await pass(50);
  assert.deepEqual(calls, [['watch', 200]]);
  await pass(60_000);
  for (let i = 0; i < 150; i++) states.of(`u${i}`);
  states.of('late');
  await pass(50);
  assert.deepEqual(calls.slice(1), [
    ['unwatch', 50],
    ['watch', 1],
  ]);
});
