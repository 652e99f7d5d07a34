import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid7Source } from '../../../../client/uuid7.ts';
import type { LoadAccess } from '../../../../server/access/room-access.ts';
import { TestGateway } from '../../../support/chat/test-gateway.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'channel:room';

/** A gateway that loads the rights in `slow` rooms from elsewhere: they come when `open` is called. */
function setUp() {
  const gateway = new TestGateway();
  const gate = Promise.withResolvers<void>();
  const load = gateway.context.chat.access;
  const slowly: LoadAccess = async (identity, room) => {
    await gate.promise;
    return await load(identity, room);
  };
  Object.assign(gateway.context.chat, {
    access: ((identity, room) => (room === ROOM ? slowly : load)(identity, room)) satisfies LoadAccess,
  });
  const nextId = uuid7Source(
    () => gateway.clock.wallClock(),
    length => crypto.getRandomValues(new Uint8Array(length)),
  );
  const send = (id: number, room: string) => ({
    id,
    rpc: { method: 'message.send', data: { room, id: nextId(), text: `${id}` } },
  });
  return { gateway, send, open: () => gate.resolve() };
}

test('rights that are in memory cost no wait: the message is with the stream when the frame was taken', async () => {
  const { gateway, send } = setUp();
  const client = await gateway.connect();
  client.say(send(2, 'channel:other'), { id: 3, publish: { channel: 'channel:other', data: 1 } });
  assert.equal(gateway.log.last, 2);
});

test('commands behind one whose rights are being loaded wait, and keep their order', async () => {
  const { gateway, send, open } = setUp();
  const client = await gateway.connect();
  client.say(
    send(2, ROOM),
    send(3, 'channel:other'),
    { id: 4, subscribe: { channel: ROOM } },
    { id: 5, history: { channel: ROOM } },
    { id: 6, publish: { channel: ROOM, data: 'six' } },
  );
  await settle();
  assert.deepEqual([gateway.log.last, client.heard.length], [0, 1]);
  open();
  for (const id of [2, 3, 4, 5, 6]) assert.equal((await client.reply(id)).error, undefined);
  assert.deepEqual([gateway.log.offsetsOf(ROOM), gateway.log.offsetsOf('channel:other')], [[1, 3], [2]]);
});

test('a client that is gone when its rights are loaded leaves nothing behind', async () => {
  const { gateway, send, open } = setUp();
  const client = await gateway.connect();
  client.say(send(2, ROOM), { id: 3, subscribe: { channel: ROOM } });
  await settle();
  client.hangUp();
  open();
  await settle();
  assert.deepEqual([gateway.log.last, gateway.rooms.find(ROOM)], [0, undefined]);
});
