import { connect, type NatsConnection } from '@nats-io/transport-node';

export type { NatsConnection };

/** Servers and credentials. Read at each connect, so a caller may change them in place. */
export interface NatsOptions {
  /** Comma-separated URLs. */
  readonly natsUrl: string;
  readonly natsUser: string;
  readonly natsPassword: string;
}

/**
 * Connects to NATS, and reconnects for ever. Pings the server every 5 s, so that a silent one is noticed within 15 s.
 * @param role name in the server's list of connections, such as `gateway-0 reads`
 * @param first `wait`: resolves when the first attempt succeeds; `once`: rejects if the first attempt fails, and the caller tries
 *   again
 */
export async function connectNats(
  options: NatsOptions,
  role: string,
  first: 'wait' | 'once' = 'wait',
): Promise<NatsConnection> {
  const servers = options.natsUrl.split(',').map(server => server.trim());
  return await connect({
    servers,
    name: role,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: first === 'wait',
    // Otherwise a password that is changed on one side first would end the connection for ever.
    ignoreAuthErrorAbort: true,
    timeout: 5_000,
    // Otherwise each request captures two stack traces in case it fails: 0.1 ms per publish, measured.
    noAsyncTraces: true,
    reconnectTimeWait: 500,
    reconnectJitter: 500,
    pingInterval: 5_000,
    maxPingOut: 2,
    ignoreClusterUpdates: false,
    // Called at each connect: the credentials may have changed.
    authenticator: () => (options.natsUser === '' ? undefined : { user: options.natsUser, pass: options.natsPassword }),
  });
}
