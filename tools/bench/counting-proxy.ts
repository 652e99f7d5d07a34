import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Teardown } from './setup.ts';

/** A server behind a proxy that counts. */
export interface CountingProxy {
  readonly port: number;
  /** Bytes that clients have sent to the server. */
  sent(): number;
}

/** Starts a proxy in front of a port of this machine. @param seen gets what clients send */
export async function countingProxy(
  port: number,
  teardown: Teardown,
  seen: (data: Buffer) => void = () => undefined,
): Promise<CountingProxy> {
  let sent = 0;
  const proxy = createServer(client => {
    const server = connect(port, '127.0.0.1');
    const pairs = [
      [client, server],
      [server, client],
    ] as const;
    for (const [from, to] of pairs) {
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
    client.on('data', data => {
      sent += data.length;
      seen(data);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  teardown.add(() => proxy.close());
  return { port: (proxy.address() as AddressInfo).port, sent: () => sent };
}
