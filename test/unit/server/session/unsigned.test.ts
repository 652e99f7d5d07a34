import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenFor } from '../../../../tools/support/token.ts';
import { TestGateway } from '../../../support/chat/test-gateway.ts';

test('above the limit the connection that waits longest to sign in is closed, with a code to come back on', async () => {
  const gateway = new TestGateway({ CHAT_MAX_UNSIGNED_CONNECTIONS: '3' });
  const signedIn = await gateway.connect();
  const [first, second, third] = [gateway.open(), gateway.open(), gateway.open()];
  assert.equal(gateway.context.unsigned.size, 3);
  const fourth = gateway.open();
  assert.deepEqual(
    [signedIn, first, second, third, fourth].map(client => client.closed?.code),
    [undefined, 3013, undefined, undefined, undefined],
  );
  const { values } = await gateway.context.metrics.limited.get();
  assert.deepEqual(
    values.map(({ labels, value }) => [labels.limit, value]),
    [['unsigned', 1]],
  );
});

test('who has shown a good token, or is gone, makes room; who was refused does not', async () => {
  const gateway = new TestGateway({ CHAT_MAX_UNSIGNED_CONNECTIONS: '3', CHAT_MAX_CONNECTIONS_PER_USER: '1' });
  const { unsigned } = gateway.context;
  await gateway.connect();
  assert.equal(unsigned.size, 0);
  const [gone, expired, again] = [gateway.open(), gateway.open(), gateway.open()];
  gone.hangUp();
  await expired.ask({ id: 1, connect: { token: await tokenFor('bob', { exp: 1 }) } } as { id: number });
  await again.ask({ id: 1, connect: { token: await tokenFor('alice') } } as { id: number });
  assert.equal(unsigned.size, 2);
});

test('a full gateway closes the one that waits longest once it had two seconds', () => {
  const gateway = new TestGateway();
  const { unsigned } = gateway.context;
  const [first, second] = [gateway.open(), gateway.open()];
  const { clock } = gateway;
  clock.pass(1_999);
  assert.equal(unsigned.endWaiting(clock.now()), false);
  clock.pass(1);
  assert.equal(unsigned.endWaiting(clock.now()), true);
  assert.deepEqual([first.closed?.code, second.closed, unsigned.size], [3013, null, 1]);
});
