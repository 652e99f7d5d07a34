import { type Chat, createChat } from '../../../client/chat.ts';
import { memoryStorage } from '../../../client/storage.ts';
import type { Teardown } from '../../../tools/support/backends.ts';

/** A user of the development sign-in without a browser: the client the page is built on, in this process. @param url for another way there */
export function startClient(
  t: Teardown,
  user: string,
  port: number,
  url = `ws://127.0.0.1:${port}/connection/websocket`,
): Chat {
  const chat = createChat({
    user,
    storage: memoryStorage(),
    url,
    getToken: async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/dev/token`, {
        method: 'POST',
        body: JSON.stringify({ user }),
      });
      return ((await answer.json()) as { token: string }).token;
    },
  });
  t.after(() => chat.disconnect());
  chat.connect();
  return chat;
}
