import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { createChat as CreateChat } from '../../client/chat.ts';
import type { Room } from '../../client/room.ts';
import type { memoryStorage as MemoryStorage } from '../../client/storage.ts';
import { CLIENT_PATHS } from '../../server/contract/ports.ts';
import { tokenFor } from '../../tools/support/token.ts';
import { until } from '../../tools/support/until.ts';

/** Part of a room that the clients of both versions have. */
export type SeenRoom = Pick<Room, 'messages' | 'outgoing' | 'send'>;

/**
 * A room as the page of a version shows it: the client library of that version, which the page is built on.
 * @param version folder of its sources
 * @param port of the gateway that it is connected to
 * @returns the room with its newest messages
 */
export async function pageOf(t: TestContext, version: string, port: number, user: string, room: string) {
  const { createChat } = (await import(join(version, 'client/chat.ts'))) as { createChat: typeof CreateChat };
  const { memoryStorage } = (await import(join(version, 'client/storage.ts'))) as {
    memoryStorage: typeof MemoryStorage;
  };
  const chat = createChat({
    user,
    url: `ws://127.0.0.1:${port}${CLIENT_PATHS.websocket}`,
    getToken: () => tokenFor(user),
    storage: memoryStorage(),
  });
  t.after(() => chat.disconnect());
  const opened = chat.open(room);
  chat.connect();
  await until(`the page of ${user} has loaded`, () => opened.history.loaded);
  return opened;
}

/** Texts of the messages that a page shows. */
export const textsOf = ({ messages }: SeenRoom) => messages.map(({ text }) => text);
