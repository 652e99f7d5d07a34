import type { TestContext } from 'node:test';
import { type Client, type ClientOptions, openClient } from '../../../tools/support/sdk.ts';
import { until } from '../../../tools/support/until.ts';

/** A client that knows which gateway serves it. */
export interface PlacedClient extends Client {
  /** The gateway it is, or was last, connected to. */
  gateway(): string;
}

/** A connected client of `url`. */
export async function placedClient(t: TestContext, url: string, options: ClientOptions = {}): Promise<PlacedClient> {
  const client = await openClient(t, url, options);
  let gateway = '';
  client.sdk.on('connected', ({ data }) => {
    gateway = (client.value(data) as { readonly gateway: string }).gateway;
  });
  await client.connected();
  return { ...client, gateway: () => gateway };
}

/**
 * A client that a balanced address led to a gateway that will do: one that has just become ready takes connections only once the
 * balancer knows it. @throws after a minute
 */
export async function clientOn(
  t: TestContext,
  url: string,
  options: ClientOptions,
  willDo: (gateway: string) => boolean,
): Promise<PlacedClient> {
  const met = new Set<string>();
  return await until(
    `a connection to ${url} leads to a gateway that will do`,
    async () => {
      const client = await placedClient(t, url, options);
      if (willDo(client.gateway())) return client;
      met.add(client.gateway());
      client.sdk.disconnect();
      return null;
    },
    { state: () => [...met] },
  );
}

/** Waits until new connections of a balanced address reach all of `gateways`, some of which may have just become ready. */
export async function untilReached(t: TestContext, url: string, gateways: readonly string[]): Promise<void> {
  const left = new Set(gateways);
  const reached = async () => {
    const client = await placedClient(t, url);
    left.delete(client.gateway());
    client.sdk.disconnect();
    return left.size === 0;
  };
  await until('every gateway is reached', reached, { state: () => [...left] });
}
