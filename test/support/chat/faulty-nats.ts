import type { Msg, NatsConnection } from '@nats-io/transport-node';

export interface Faults {
  /** True loses a message on its way to a subscription, as a connection that breaks does. Called once for each. */
  readonly loses?: (message: Msg) => boolean;
  /** Waited for before a request is sent. */
  readonly before?: (subject: string) => Promise<void>;
  /** Waited for after a request was answered: if it rejects, the server did what the requester does not learn. */
  readonly after?: (subject: string) => Promise<void>;
}

/** A connection with faults of the network between it and the server. */
export function faultyNats(connection: NatsConnection, { loses, before, after }: Faults): NatsConnection {
  const subscribe: NatsConnection['subscribe'] = (subject, options) => {
    const { callback } = options ?? {};
    if (!callback || !loses) return connection.subscribe(subject, options);
    return connection.subscribe(subject, {
      ...options,
      callback: (error, message) => {
        if (error || !loses(message)) callback(error, message);
      },
    });
  };
  const request: NatsConnection['request'] = async (subject, ...rest) => {
    await before?.(subject);
    const answer = await connection.request(subject, ...rest);
    await after?.(subject);
    return answer;
  };
  return new Proxy(connection, {
    get(target, key) {
      if (key === 'subscribe') return subscribe;
      if (key === 'request') return request;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
