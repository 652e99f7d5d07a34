import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestGateway } from '../../../support/chat/test-gateway.ts';

const ROOM = 'channel:room';
const FRAME = '{"push":{}}';

test('a frame that may be lost is queued while no more than half of the send buffer is taken, here or in the kernel', async () => {
  const gateway = new TestGateway({ CHAT_SEND_BUFFER_BYTES: '100000' });
  const client = await gateway.connect();
  await client.ask({ id: 2, subscribe: { channel: ROOM } } as { id: number });
  const [member] = gateway.rooms.find(ROOM)?.members ?? [];
  assert.ok(member);
  const before = client.heard.length;
  const offer = (waiting: number, notRead: number) => {
    Object.assign(client, { waiting, notRead });
    return member.offer(FRAME);
  };
  assert.deepEqual([offer(0, 0), offer(50_000, 0), offer(0, 50_000)], [true, true, true]);
  assert.deepEqual([offer(50_001, 0), offer(0, 50_001)], [false, false]);
  assert.equal(client.heard.length - before, 3);
  client.hangUp();
  assert.equal(offer(0, 0), false);
});

test('a client says that it is in the background, for its connection alone', async () => {
  const gateway = new TestGateway();
  const [phone, laptop] = [await gateway.connect(), await gateway.connect()];
  for (const client of [phone, laptop]) await client.ask({ id: 2, subscribe: { channel: ROOM } } as { id: number });
  const background = () => [...(gateway.rooms.find(ROOM)?.members ?? [])].map(({ isBackground }) => isBackground);
  const say = async (id: number, state: string) =>
    (await phone.ask({ id, rpc: { method: 'client.state', data: { state } } } as { id: number }))['rpc']?.data;
  assert.deepEqual(background(), [false, false]);
  assert.deepEqual(await say(3, 'background'), { state: 'background' });
  assert.deepEqual(background(), [true, false]);
  assert.equal(await say(4, 'asleep'), undefined);
  assert.deepEqual(background(), [true, false]);
  assert.deepEqual(await say(5, 'active'), { state: 'active' });
  assert.deepEqual(background(), [false, false]);
});
