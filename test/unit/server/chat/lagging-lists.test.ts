import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageDelete } from '../../../../server/chat/message-delete.ts';
import { messageGet } from '../../../../server/chat/message-get.ts';
import { messageList } from '../../../../server/chat/message-list.ts';
import { messageSend } from '../../../../server/chat/message-send.ts';
import { ReadFailed } from '../../../../server/room/log.ts';
import { verbChat } from '../../../support/chat/verb-chat.ts';

const ROOM = 'channel:room';

test('a list from a replica that lacks a delete fails, and never shows the text', async () => {
  const { call, idOf, log } = verbChat();
  const of = idOf();
  const { offset: target } = (await call(messageSend, { room: ROOM, id: of, text: 'secret' })) as { offset: number };
  await call(messageDelete, { room: ROOM, id: idOf(), targets: [{ target, of }] });
  const ask = () => [
    call(messageList, { room: ROOM }),
    call(messageList, { room: ROOM, before: target + 1 }),
    call(messageGet, { room: ROOM, ids: [{ target, of }] }),
  ];
  log.replicaLast = target;
  for (const answer of await Promise.allSettled(ask())) {
    assert.ok(answer.status === 'rejected' && answer.reason instanceof ReadFailed, JSON.stringify(answer));
  }
  log.replicaLast = Number.POSITIVE_INFINITY;
  for (const answer of await Promise.all(ask())) {
    assert.doesNotMatch(JSON.stringify(answer), /secret/);
    assert.match(JSON.stringify(answer), /"deleted":2/);
  }
});
