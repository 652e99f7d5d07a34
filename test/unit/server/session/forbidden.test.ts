import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoomAccess } from '../../../../server/access/room-access.ts';
import { ERRORS } from '../../../../server/protocol/codes.ts';
import { ReadFailed } from '../../../../server/room/log.ts';
import { leaveAllForbidden } from '../../../../server/session/forbidden.ts';
import { TestGateway } from '../../../support/chat/test-gateway.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'channel:room';
const DENIED = { error: ERRORS.permissionDenied, detail: 'not yours' };

/** A client in a room, and the rights that are loaded from then on. */
async function inRoom(load: () => RoomAccess | Promise<RoomAccess>) {
  const gateway = new TestGateway();
  const client = await gateway.connect();
  client.say({ id: 2, subscribe: { channel: ROOM } });
  await client.reply(2);
  Object.assign(gateway.context.chat, { access: load });
  const isIn = () => client.session.subscriptions.has(ROOM);
  return { gateway, isIn };
}

test('while rights cannot be loaded a subscription stays, and they are loaded again until they are known', async () => {
  let loads = 0;
  const { gateway, isIn } = await inRoom(async () => {
    loads += 1;
    if (loads < 3) throw new ReadFailed('away');
    return { may: () => DENIED };
  });
  await leaveAllForbidden(gateway.hub.sessions);
  await settle();
  assert.deepEqual([loads, isIn()], [1, true]);
  gateway.clock.pass(2_000);
  await settle();
  assert.deepEqual([loads, isIn()], [2, true]);
  gateway.clock.pass(2_000);
  await settle();
  assert.deepEqual([loads, isIn()], [3, false]);
});

test('a refusal out of memory ends a subscription only if the leader confirms it', async () => {
  for (const confirmed of [DENIED, null]) {
    const { gateway, isIn } = await inRoom(() => ({
      may: () => DENIED,
      confirm: async () => ({ may: () => confirmed }),
    }));
    await leaveAllForbidden(gateway.hub.sessions);
    await settle();
    assert.equal(isIn(), confirmed === null);
  }
});
