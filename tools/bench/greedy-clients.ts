/** A process of its own with clients that ask for everything and read nothing: `node greedy-clients.ts`. */
import { once } from 'node:events';
import WebSocket from 'ws';
import { tokenFor } from '../support/token.ts';

export interface GreedyJob {
  readonly url: string;
  readonly secret: string;
  readonly clients: number;
  /** Rooms that each recovers from their beginning. */
  readonly rooms: readonly string[];
  /** Pages of history that each asks for. */
  readonly pages: number;
}

async function open(job: GreedyJob, index: number): Promise<void> {
  const socket = new WebSocket(job.url, { perMessageDeflate: false });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  socket.send(JSON.stringify({ id: 1, connect: { token: await tokenFor(`greedy${index}`, {}, job.secret) } }));
  await once(socket, 'message');
  socket.pause();
  for (const [at, channel] of job.rooms.entries())
    socket.send(JSON.stringify({ id: at + 2, subscribe: { channel, recover: true, offset: 0 } }));
  for (let page = 0; page < job.pages; page++) {
    const channel = job.rooms[page % job.rooms.length];
    socket.send(JSON.stringify({ id: 1_000 + page, history: { channel, limit: -1 } }));
  }
}

process.on('message', async (job: GreedyJob) => {
  let next = 0;
  const lane = async () => {
    while (next < job.clients) await open(job, next++);
  };
  await Promise.all(Array.from({ length: 10 }, lane));
  process.send?.('asked');
});
