import { connect, type NatsConnection } from '@nats-io/transport-node';

export type { NatsConnection };

export interface NatsOptions {
  /** Comma-separated servers. */
  readonly natsUrl: string;
  readonly natsUser: string;
  readonly natsPassword: string;
}

/**
 * A connection that keeps trying for ever: the first time too, so that a process can start, serve its health and say
 * why NATS is missing. Servers are pinged each 5 s, so that a silent one is noticed within 15 s.
 * @param role appears in the server's connection list, e.g. `gateway-0 reads`
 * @param first `once` makes the first attempt the last: it rejects with the reason, and the caller tries again
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
    // A password that was changed on one side first must not end the process's only connection for ever.
    ignoreAuthErrorAbort: true,
    timeout: 5_000,
    // Else each request captures two stack traces, in case it fails: 0.1 ms a publish, measured.
    noAsyncTraces: true,
    reconnectTimeWait: 500,
    reconnectJitter: 500,
    pingInterval: 5_000,
    maxPingOut: 2,
    ignoreClusterUpdates: false,
    // Asked at each connect: the credentials may have changed since the last.
    authenticator: () => (options.natsUser === '' ? undefined : { user: options.natsUser, pass: options.natsPassword }),
  });
}
