import type { ChildProcess } from 'node:child_process';
import { answer, type Setup, start } from './setup.ts';

/** A Socket.IO server as a process of its own, see `socket-io.ts`. */
export async function startSocketIo(
  setup: Setup,
  bytes = 0,
  perSecond = 1,
): Promise<{ server: ChildProcess; url: string }> {
  const server = start('tools/bench/socket-io.ts', {}, setup.teardown, [String(bytes), String(perSecond)]);
  const { port } = await answer<{ port: number }>(server);
  return { server, url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket` };
}
