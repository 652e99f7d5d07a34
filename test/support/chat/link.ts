import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** The network between one client and the gateways: it chooses the gateway, can be cut and can stand still. */
export interface Link {
  /** WebSocket address for the client. */
  readonly url: string;
  /** Later connections go to this port of 127.0.0.1; null refuses them. */
  target(port: number | null): void;
  /** Ends every connection without a word. */
  cut(): void;
  /** Stops reading from the gateway, as a client does whose process is suspended, until `resume`. */
  stall(): void;
  resume(): void;
  /** Connections made so far. */
  readonly connections: number;
}

const PATH = '/connection/websocket';

export async function startLink(t: TestContext, port: number | null): Promise<Link> {
  let target = port;
  let stalled = false;
  let connections = 0;
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer(client => {
    if (target === null) {
      client.destroy();
      return;
    }
    connections += 1;
    const gateway = connect(target, '127.0.0.1');
    const pair = [client, gateway] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [gateway, client] as const]) {
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroySoon();
        pairs.delete(pair);
      });
      from.pipe(to, { end: true });
    }
    if (stalled) hold(gateway, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const link: Link = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`,
    target: next => {
      target = next;
    },
    cut: () => {
      for (const [client, gateway] of pairs) {
        client.destroy();
        gateway.destroy();
      }
    },
    stall: () => {
      stalled = true;
      for (const [client, gateway] of pairs) hold(gateway, client);
    },
    resume: () => {
      stalled = false;
      for (const [client, gateway] of pairs) gateway.pipe(client, { end: true });
    },
    get connections() {
      return connections;
    },
  };
  t.after(() => {
    link.cut();
    server.close();
  });
  return link;
}

function hold(gateway: Socket, client: Socket): void {
  gateway.unpipe(client);
  gateway.pause();
}
