/**
 * A process of its own with many clients: `node subscribers.ts`. Takes one job by IPC, and answers each `count` with the
 * deliveries so far.
 */
import { SignJWT } from 'jose';
import { BenchClient } from './client.ts';

export interface Job {
  readonly url: string;
  /** Empty for a server that knows no protocol. */
  readonly secret: string;
  readonly clients: number;
  /** Room for all; empty subscribes to none. */
  readonly room: string;
  /** Connections being opened at the same time. */
  readonly parallel: number;
}

const clients: BenchClient[] = [];

async function open(job: Job, index: number): Promise<void> {
  const key = new TextEncoder().encode(job.secret);
  const token =
    job.secret === ''
      ? ''
      : await new SignJWT({ sub: `user${index}` })
          .setProtectedHeader({ alg: 'HS256' })
          .setExpirationTime('1h')
          .sign(key);
  const client = await BenchClient.open(job.url, token);
  if (job.room !== '') await client.subscribe(job.room);
  clients.push(client);
}

process.on('message', async (message: Job | 'count') => {
  if (message === 'count') {
    process.send?.({ deliveries: clients.reduce((sum, client) => sum + client.deliveries, 0) });
    return;
  }
  let next = 0;
  const lane = async () => {
    while (next < message.clients) await open(message, next++);
  };
  await Promise.all(Array.from({ length: message.parallel }, lane));
  process.send?.('open');
});
