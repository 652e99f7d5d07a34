import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SendBudget } from '../../../../server/session/send-budget.ts';
import { type TestClient, TestGateway } from '../../../support/chat/test-gateway.ts';
import { settle } from '../../../support/clocks/settle.ts';

const MIB = 1024 * 1024;
const closeCode = (client: TestClient) => client.closed?.code;
const connected = (gateway: TestGateway, count: number) =>
  Promise.all(Array.from({ length: count }, () => gateway.connect()));

test('when too much waits for all together, those for whom most waits are cut, and no more of them', async () => {
  const gateway = new TestGateway({ CHAT_SEND_BUFFER_TOTAL_BYTES: String(10 * MIB) });
  const clients = await connected(gateway, 6);
  for (const [i, client] of clients.entries()) client.waiting = i * MIB; // 15 MiB
  gateway.sends.look();
  assert.deepEqual(clients.map(closeCode), [undefined, undefined, undefined, undefined, undefined, 1006]);
  assert.deepEqual([gateway.sends.pending, gateway.ended], [10 * MIB, [3008]]);
  gateway.sends.look();
  assert.equal(gateway.hub.sessions.size, 5);
});

test('what is sent and not known to be read counts like what waits in the process, and not twice', async () => {
  const gateway = new TestGateway();
  const [one, other] = await connected(gateway, 2);
  Object.assign(one ?? {}, { waiting: MIB, notRead: 3 * MIB });
  Object.assign(other ?? {}, { waiting: 2 * MIB, notRead: MIB });
  gateway.sends.look();
  assert.equal(gateway.sends.pending, 5 * MIB);
});

test('commands and reads that wait for their turn count', async () => {
  const gateway = new TestGateway();
  const [client] = await connected(gateway, 1);
  assert.ok(client);
  client.notRead = 2 * MIB;
  for (let id = 2; id < 102; id++) client.say({ id, history: { channel: 'channel:a', limit: 1 } });
  gateway.sends.look();
  assert.equal(gateway.sends.pending, 2 * MIB + 100 * 512);
});

test('pages that are being read count', async () => {
  const gateway = new TestGateway();
  const [client] = await connected(gateway, 1);
  const gate = Promise.withResolvers<void>();
  gateway.log.wait = () => gate.promise;
  client?.say({ id: 2, history: { channel: 'channel:a', limit: 1 } });
  while (gateway.context.pages.underWay === 0) await settle();
  gateway.sends.look();
  assert.equal(gateway.sends.pending, MIB);
  gate.resolve();
  await client?.reply(2);
  gateway.sends.look();
  assert.equal(gateway.sends.pending, 0);
});

test('each socket is asked once a look, also when too much waits', async () => {
  const gateway = new TestGateway({ CHAT_SEND_BUFFER_TOTAL_BYTES: String(MIB) });
  const clients = await connected(gateway, 50);
  let asked = 0;
  for (const [i, client] of clients.entries())
    client.buffered = () => {
      asked += 1;
      return i * 10_000;
    };
  gateway.sends.look();
  assert.ok(gateway.hub.sessions.size < 50);
  assert.equal(asked, 50);
});

test('unread bytes above the limit are given up without waiting for the next look, once for all that comes meanwhile', () => {
  const soon: (() => void)[] = [];
  const cut: number[] = [];
  const holders = Array.from({ length: 10 }, (_, i) => ({ pending: () => 20, cut: () => void cut.push(i) }));
  const budget = new SendBudget({
    limit: () => 100,
    holders: () => holders.filter((_, i) => !cut.includes(i)),
    pages: () => 0,
    soon: run => void soon.push(run),
  });
  budget.grown(100);
  assert.equal(soon.length, 0);
  budget.grown(120);
  budget.grown(200);
  assert.equal(soon.length, 1);
  soon.pop()?.();
  assert.deepEqual([cut.length, budget.pending], [6, 80]); // a tenth below the limit, so that the next frame is not the next look
  budget.grown(101);
  assert.equal(soon.length, 1);
});
