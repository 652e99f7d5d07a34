import { connect, type NatsConnection } from '@nats-io/transport-node';

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
 */
export async function connectNats(options: NatsOptions, role: string): Promise<NatsConnection> {
  const servers = options.natsUrl.split(',').map(server => server.trim());
  return await connect({
    servers,
    name: role,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    reconnectTimeWait: 500,
    reconnectJitter: 500,
    pingInterval: 5_000,
    maxPingOut: 2,
    ignoreClusterUpdates: false,
    ...(options.natsUser === '' ? {} : { user: options.natsUser, pass: options.natsPassword }),
  });
}
