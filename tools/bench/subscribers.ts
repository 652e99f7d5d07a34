/**
 * A process of its own with many clients: `node subscribers.ts`. Takes one job by IPC, and answers each `count` with the
 * deliveries so far.
 */

import { tokenFor } from '../support/token.ts';
import { BenchClient, type Dialect } from './client.ts';

export interface Job {
  readonly url: string;
  readonly dialect: Dialect;
  /** Signs the tokens of the dialect `chat`. */
  readonly secret: string;
  readonly clients: number;
  /** Users are called by it and a number. Default `user`. */
  readonly name?: string;
  /** Verb without parameters that each client calls once. */
  readonly verb?: string;
  /** Room for all; empty subscribes to none. */
  readonly room: string;
  /** Connections being opened at the same time. */
  readonly parallel: number;
}

const clients: BenchClient[] = [];

async function open(job: Job, index: number): Promise<void> {
  const token = job.dialect === 'chat' ? await tokenFor(`${job.name ?? 'user'}${index}`, {}, job.secret) : '';
  const client = await BenchClient.open(job.url, job.dialect, token);
  if (job.room !== '') await client.subscribe(job.room);
  if (job.verb) await client.command({ rpc: { method: job.verb, data: {} } });
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
