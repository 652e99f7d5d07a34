import assert from 'node:assert/strict';
import { Chat } from '../../../client/chat.ts';
import { type KeyValue, memoryStorage } from '../../../client/storage.ts';
import { ManualClock } from '../clocks/manual-clock.ts';
import { FakeChatServer } from './fake-chat-server.ts';

/** A chat of alice over a server without a network, not connected yet. */
export function offlineChat(storage: KeyValue = memoryStorage()) {
  const clock = new ManualClock();
  const servers: FakeChatServer[] = [];
  const chat = new Chat({
    user: 'alice',
    storage,
    clock,
    random: () => 0.5,
    transport: (onConnection, _, onMessage) => {
      const server = new FakeChatServer('alice', onConnection, onMessage);
      servers.push(server);
      return server;
    },
  });
  const [server] = servers;
  assert.ok(server);
  return { chat, server, clock, storage };
}
