import type { NatsConnection } from '@nats-io/transport-node';
import { backoffMs } from '../time/backoff.ts';
import { type Clock, sleep } from '../time/clock.ts';
import { RETRY } from '../time/retry.ts';
import { connectNats, type NatsOptions } from './connect.ts';

/** Connection to make, and the callbacks that report its state. `random` returns a number from 0 to 1. */
export interface LinkParts {
  readonly options: NatsOptions;
  readonly role: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called at each change, with the reason as a text. */
  state(up: boolean, reason: string): void;
  /** Called after each reconnect: the streams may have changed meanwhile. */
  resumed(): void;
}

/**
 * Connects to NATS, trying until it succeeds, and reports each change of the connection from then on.
 * @returns null if `signal` aborted first
 */
export async function linkNats(parts: LinkParts, signal: AbortSignal): Promise<NatsConnection | null> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      const connection = await connectNats(parts.options, parts.role, 'once');
      parts.state(true, 'connected');
      void follow(connection, parts);
      return connection;
    } catch (error) {
      parts.state(false, reasonOf(error));
      await sleep(parts.clock, backoffMs(RETRY, attempt, parts.random()), signal);
    }
  }
  return null;
}

async function follow(connection: NatsConnection, parts: LinkParts): Promise<void> {
  let reason = '';
  const down = (why: string) => {
    if (why !== reason) parts.state(false, why);
    reason = why;
  };
  for await (const status of connection.status()) {
    // A refused attempt also ends in a disconnect, whose reason is less exact.
    if (status.type === 'disconnect') down(reason || 'the connection to NATS was lost');
    else if (status.type === 'error' && isRefusal(status.error)) down(reasonOf(status.error));
    else if (status.type === 'reconnect') {
      reason = '';
      parts.state(true, 'connected');
      parts.resumed();
    }
  }
}

const isRefusal = (error: unknown): boolean => error instanceof Error && /authoriz|authentic/i.test(error.name);

/** Text of an error; the library's errors name the server, never the password. */
export function reasonOf(error: unknown): string {
  if (isRefusal(error)) return 'NATS refused the credentials';
  const cause = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : '';
  return `NATS cannot be reached${cause === '' ? '' : `: ${cause}`}`;
}
