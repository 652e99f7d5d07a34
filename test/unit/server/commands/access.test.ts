import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid7Source } from '../../../../client/uuid7.ts';
import type { LoadAccess } from '../../../../server/access/room-access.ts';
import { ERRORS } from '../../../../server/protocol/codes.ts';
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

test('messages to a room whose rights are being loaded wait and keep their order, those to another room do not', async () => {
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
  assert.deepEqual([gateway.log.last, client.heard.map(({ id }) => id)], [1, [1, 3]]);
  open();
  for (const id of [2, 3, 4, 5, 6]) assert.equal((await client.reply(id)).error, undefined);
  assert.deepEqual([gateway.log.offsetsOf(ROOM), gateway.log.offsetsOf('channel:other')], [[2, 3], [1]]);
});

test('a client that is gone when its rights are loaded leaves nothing behind', async () => {
  const { gateway, send, open } = setUp();
  const client = await gateway.connect();
  client.say(send(2, ROOM), { id: 3, subscribe: { channel: ROOM } });
  await settle();
  client.hangUp();
  open();
  await settle();
  assert.deepEqual([gateway.log.last, gateway.rooms.find(ROOM)?.members.size], [0, 0]);
});

test('a subscribe whose rights are refused after a while leaves the room, and can be repeated', async () => {
  const gateway = new TestGateway();
  const gate = Promise.withResolvers<void>();
  let denied = true;
  const refusal = { error: ERRORS.permissionDenied, detail: 'not yours' };
  Object.assign(gateway.context.chat, {
    access: (async () => {
      await gate.promise;
      return { may: () => (denied ? refusal : null) };
    }) satisfies LoadAccess,
  });
  const client = await gateway.connect();
  client.say({ id: 2, subscribe: { channel: ROOM } });
  gate.resolve();
  assert.equal((await client.reply(2)).error?.code, 103);
  denied = false;
  client.say({ id: 3, subscribe: { channel: ROOM } });
  assert.equal((await client.reply(3)).error, undefined);
  assert.equal(gateway.rooms.find(ROOM)?.members.size, 1);
});
