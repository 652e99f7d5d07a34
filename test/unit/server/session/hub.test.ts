import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenFor } from '../../../../tools/support/token.ts';
import { type TestClient, TestGateway } from '../../../support/chat/test-gateway.ts';
import { settle } from '../../../support/clocks/settle.ts';

const FAST = { CHAT_PING_SECONDS: '5', CHAT_PONG_SECONDS: '2' };

const closeCode = (client: TestClient) => client.closed?.code;
const isPing = (said: object) => Object.keys(said).length === 0;
const pings = (client: TestClient) => client.heard.filter(isPing).length;

/** Lets seconds pass; `answer` says who answers its pings. */
function pass(gateway: TestGateway, seconds: number, answer: readonly TestClient[] = []): void {
  for (let second = 0; second < seconds; second++) {
    gateway.clock.pass(1_000);
    const before = answer.map(pings);
    gateway.hub.tick();
    gateway.hub.sweep();
    for (const [i, client] of answer.entries()) if (pings(client) > (before[i] ?? 0)) client.sayRaw('{}');
  }
}

test('everyone is pinged once an interval, an even share of them each second', async () => {
  const gateway = new TestGateway(FAST);
  const clients = await Promise.all(Array.from({ length: 20 }, () => gateway.connect()));
  for (let second = 1; second <= 5; second++) {
    pass(gateway, 1, clients);
    assert.equal(
      clients.reduce((sum, client) => sum + pings(client), 0),
      4 * second,
    );
  }
  assert.deepEqual(new Set(clients.map(pings)), new Set([1]));
});

test('who answers stays, who does not is closed with 3012 within the patience', async () => {
  const gateway = new TestGateway(FAST);
  const good = await gateway.connect();
  const dead = await gateway.connect();
  pass(gateway, 4, [good]);
  assert.deepEqual([closeCode(good), pings(dead), closeCode(dead)], [undefined, 1, 3012]);
  pass(gateway, 60, [good]);
  assert.equal(closeCode(good), undefined);
  assert.equal(pings(good), 13);
  assert.equal(gateway.hub.sessions.size, 1);
});

test('who connects just after its slice was pinged is not blamed for it', async () => {
  const gateway = new TestGateway(FAST);
  pass(gateway, 1);
  const late = await gateway.connect(); // the first slice
  assert.equal(late.session.slice?.topic, 'ping/5/2/0');
  pass(gateway, 4);
  assert.deepEqual([pings(late), late.closed], [0, null]);
  pass(gateway, 1);
  assert.equal(pings(late), 1);
});

for (const { what, say } of [
  { what: 'without a ping', say: (_gateway: TestGateway, client: TestClient) => client.sayRaw('{}') },
  {
    what: 'twice for one ping',
    say: (gateway: TestGateway, client: TestClient) => {
      pass(gateway, 5, [client]);
      client.sayRaw('{}');
    },
  },
]) {
  test(`a pong ${what} is counted and closes nothing`, async () => {
    const gateway = new TestGateway(FAST);
    const client = await gateway.connect();
    say(gateway, client);
    assert.deepEqual([gateway.surplusPongs, client.closed], [1, null]);
    pass(gateway, 20, [client]);
    assert.deepEqual([gateway.surplusPongs, client.closed], [1, null]);
  });
}

test('a pong before connect is counted and closes nothing', async () => {
  const gateway = new TestGateway();
  const client = gateway.open();
  client.sayRaw('{}');
  client.say({ id: 1, connect: { token: await tokenFor('alice') } });
  await client.reply(1);
  assert.deepEqual([gateway.surplusPongs, client.closed], [1, null]);
});

for (const ms of [-60_000, -3_000, 30_000]) {
  test(`a time of day that is moved by ${ms / 1000} s closes nobody, whether connected, connecting or refreshing`, async () => {
    const gateway = new TestGateway({ ...FAST, CHAT_EXPIRY_GRACE_SECONDS: '0' });
    const exp = gateway.clock.wallClock() / 1000 + 100;
    const connected = await gateway.connect('alice', { exp });
    const connecting = gateway.open();
    gateway.clock.setWall(ms);
    pass(gateway, 1, [connected]);
    connecting.say({ id: 1, connect: { token: await tokenFor('bob') } });
    await connecting.reply(1);
    pass(gateway, 90, [connected, connecting]);
    assert.deepEqual([connected.closed, connecting.closed, gateway.surplusPongs], [null, null, 0]);
    pass(gateway, 10, [connected, connecting]);
    assert.deepEqual([closeCode(connected), closeCode(connecting)], [3005, undefined]);
  });
}

test('ticks that come late do not stretch the time between two pings', async () => {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  const at: number[] = [];
  for (let tick = 0; tick < 200; tick++) {
    gateway.clock.pass(1_400);
    const before = pings(client);
    gateway.hub.tick();
    if (pings(client) > before) {
      at.push(gateway.clock.now());
      client.sayRaw('{}');
    }
    gateway.hub.sweep();
  }
  const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0));
  assert.ok(gaps.length > 8 && Math.max(...gaps) <= 25_000 + 1_400, String(gaps));
  assert.equal(client.closed, null);
});

test('a gateway that stood still pings all at once, spreads them again, and nobody waits longer than an interval', async () => {
  const gateway = new TestGateway({ CHAT_PING_SECONDS: '10', CHAT_PONG_SECONDS: '4' });
  const clients = await Promise.all(Array.from({ length: 10 }, () => gateway.connect()));
  pass(gateway, 10, clients);
  gateway.clock.pass(60_000);
  pass(gateway, 1, clients);
  assert.deepEqual(new Set(clients.map(pings)), new Set([2]));
  const perSecond: number[] = [];
  for (let second = 0; second < 10; second++) {
    const before = clients.reduce((sum, client) => sum + pings(client), 0);
    pass(gateway, 1, clients);
    perSecond.push(clients.reduce((sum, client) => sum + pings(client), 0) - before);
  }
  assert.deepEqual(perSecond.slice(0, 4), [0, 0, 0, 0]);
  assert.ok(Math.max(...perSecond) <= 2, String(perSecond));
  assert.deepEqual(new Set(clients.map(pings)), new Set([3]));
  assert.deepEqual(
    clients.map(client => client.closed),
    clients.map(() => null),
  );
});

test('a gateway that was held up reads what came meanwhile before it blames anybody', async () => {
  const gateway = new TestGateway(FAST);
  const client = await gateway.connect();
  const silent = await gateway.connect();
  const connecting = gateway.open();
  pass(gateway, 2); // both have been pinged
  gateway.clock.pass(60_000);
  gateway.hub.tick();
  client.sayRaw('{}');
  connecting.say({ id: 1, connect: { token: await tokenFor('bob') } });
  gateway.hub.sweep();
  assert.deepEqual([client.closed, silent.closed, connecting.closed], [null, null, null]);
  await connecting.reply(1);
  pass(gateway, 3, [client, connecting]);
  assert.deepEqual([client, silent, connecting].map(closeCode), [undefined, 3012, undefined]);
});

test('who does not connect in time, or was refused, is closed with 3502', async () => {
  const gateway = new TestGateway({ CHAT_CONNECT_SECONDS: '10' });
  const silent = gateway.open();
  const refused = await gateway.connect('alice', { exp: 1 });
  const good = await gateway.connect();
  assert.equal(refused.heard[0]?.error?.code, 109);
  pass(gateway, 10, [good]);
  assert.deepEqual([silent, refused].map(closeCode), [undefined, undefined]);
  pass(gateway, 1, [good]);
  assert.deepEqual([silent, refused, good].map(closeCode), [3502, 3502, undefined]);
});

test('who does not refresh its token is closed with 3005 after the grace; who does, stays', async () => {
  const gateway = new TestGateway({ CHAT_EXPIRY_GRACE_SECONDS: '25' });
  const now = gateway.clock.wallClock() / 1000;
  const [lazy, good] = [
    await gateway.connect('bob', { exp: now + 60 }),
    await gateway.connect('bob', { exp: now + 60 }),
  ];
  assert.deepEqual([lazy.heard[0]?.['connect'].expires, lazy.heard[0]?.['connect'].ttl], [true, 60]);
  pass(gateway, 60, [lazy, good]);
  const refreshed = await good.ask({ id: 2, refresh: { token: await tokenFor('bob', { exp: now + 600 }) } } as {
    id: number;
  });
  assert.equal(refreshed['refresh'].ttl, 540);
  pass(gateway, 25, [lazy, good]);
  assert.equal(closeCode(lazy), undefined);
  pass(gateway, 1, [lazy, good]);
  assert.deepEqual([lazy, good].map(closeCode), [3005, undefined]);
});

test('shedding ends those who came first, with a code to come back on', async () => {
  const gateway = new TestGateway();
  const clients = [await gateway.connect(), gateway.open(), await gateway.connect()];
  assert.equal(gateway.hub.shed(2), 1);
  assert.deepEqual(clients.map(closeCode), [3001, 3001, undefined]);
  assert.equal(gateway.hub.shed(5), 0);
});

test('who hangs up while connecting is forgotten', async () => {
  const gateway = new TestGateway(FAST);
  const gate = Promise.withResolvers<void>();
  gateway.log.wait = () => gate.promise;
  const client = gateway.open();
  const position = { recover: true, offset: 50, epoch: 'first' };
  client.say({ id: 1, connect: { token: await tokenFor('alice'), subs: { 'user:alice': position } } });
  while (gateway.log.asked.length === 0) await settle();
  client.hangUp();
  gateway.log.wait = () => Promise.resolve();
  gate.resolve();
  await settle();
  assert.deepEqual([client.heard, client.session.state, client.session.slice], [[], 'closed', null]);
  assert.deepEqual([gateway.hub.sessions.size, gateway.rooms.find('user:alice')?.members.size], [0, 0]);
});

test('another interval applies to those who connect from then on; who is there keeps the one it was told', async () => {
  const gateway = new TestGateway(FAST);
  const before = await gateway.connect();
  Object.assign(gateway.config, { pingSeconds: 2, pongSeconds: 1 });
  const since = await gateway.connect();
  assert.deepEqual(
    [before, since].map(client => client.heard[0]?.['connect'].ping),
    [5, 2],
  );
  pass(gateway, 20, [before, since]);
  assert.deepEqual([pings(before), pings(since)], [4, 10]);
  pass(gateway, 5, [since]);
  assert.deepEqual([before, since].map(closeCode), [3012, undefined]);
});
