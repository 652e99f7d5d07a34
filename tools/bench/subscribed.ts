import type { ChildProcess } from 'node:child_process';
import { until } from '../support/until.ts';
import { answer, type Setup, start } from './setup.ts';
import type { Job } from './subscribers.ts';

/** Starts a process with clients that are all connected, and subscribed to a room. */
export async function subscribers(setup: Setup, job: Omit<Job, 'secret' | 'parallel'>): Promise<ChildProcess> {
  const child = start('tools/bench/subscribers.ts', {}, setup.teardown);
  child.send({ ...job, secret: setup.secret, parallel: 20 } satisfies Job);
  await answer(child);
  return child;
}

/** Waits for the deliveries to all clients of a process. @throws when fewer arrive than were sent */
export async function delivered(clients: ChildProcess, expected: number): Promise<void> {
  let seen = 0;
  const all = async () => {
    clients.send('count');
    seen = (await answer<{ deliveries: number }>(clients)).deliveries;
    return seen >= expected;
  };
  try {
    await until('every message reached every subscriber', all, { ms: 120_000 });
  } catch (error) {
    if (seen === 0) throw error;
    throw new Error(`${expected - seen} of ${expected} deliveries are missing`);
  }
}
