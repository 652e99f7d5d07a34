import type { NatsConnection } from '@nats-io/transport-node';
import { backoffMs } from '../time/backoff.ts';
import { type Clock, sleep } from '../time/clock.ts';
import { RETRY } from '../time/retry.ts';
import { connectNats, type NatsOptions } from './connect.ts';

export interface LinkParts {
  readonly options: NatsOptions;
  readonly role: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told of each change, with the reason in words. */
  state(up: boolean, reason: string): void;
  /** Called when a connection was lost and is back: anything may have happened to the streams. */
  resumed(): void;
}

/**
 * Connects to NATS, however long it takes, telling why not; then follows the connection, which comes back by itself.
 * @returns null when `signal` aborted first
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
    // Each attempt that is refused ends in a disconnect too, which says less.
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

/** In words for people; the library's errors name the server, never the password. */
export function reasonOf(error: unknown): string {
  if (isRefusal(error)) return 'NATS refused the credentials';
  const cause = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : '';
  return `NATS cannot be reached${cause === '' ? '' : `: ${cause}`}`;
}
