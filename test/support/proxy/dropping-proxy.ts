/**
 * A load balancer as clouds have them, made of nginx: a pod that leaves the endpoints gets no new connections, and those it
 * still has are closed some time later. Only nginx handles connections; this file starts and stops its processes.
 *
 * One nginx takes the clients and chooses at random among slots. Behind each slot is an nginx of its own that leads to one
 * gateway. When that gateway is removed, its nginx stops listening, and ends when the delay is over.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from '../../../tools/local/child.ts';
import type { Teardown } from '../../../tools/support/backends.ts';
import { nginxBinary } from './nginx-binary.ts';

export interface DroppingProxyOptions {
  /** Seconds after which the connections to a gateway that is gone from the list are closed. */
  readonly delaySeconds: number;
  /** Ports to listen on: the first one for clients, one more for each gateway there is at a time. */
  readonly ports: readonly number[];
  /** Command that the proxy's processes are started with, such as one that enters a network namespace; empty for none. */
  readonly through: readonly string[];
}

export interface DroppingProxy {
  /** Port for clients. */
  readonly port: number;
  /** Gateways to choose among from now on, as `host:port`. One that comes back within the delay keeps its connections. */
  lead(gateways: readonly string[]): Promise<void>;
  /** Gateways whose connections were closed because they had been gone for too long, as `host:port`. */
  dropped(): readonly string[];
}

function configuration(dir: string, port: number, upstream: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${dir}/${name};`)
    .join(' ');
  // It removes its pid file in the end, whatever that is.
  return `
daemon off;
pid ${dir}/${port}.pid;
error_log stderr warn;
events { worker_connections 8192; }
http {
  access_log off; ${temporary}
  upstream gateways { ${upstream} }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://gateways;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header Host $host;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
      proxy_next_upstream error timeout;
    }
  }
}
`;
}

/** The way to one gateway. */
interface Leg {
  readonly gateway: string;
  readonly port: number;
  readonly nginx: Child;
  /** Ends it when its gateway has been gone for the delay; undefined while it takes connections. */
  drop: NodeJS.Timeout | undefined;
}

/** Starts it without gateways. It ends with the test. */
export async function droppingProxy(t: Teardown, options: DroppingProxyOptions): Promise<DroppingProxy> {
  const { delaySeconds, ports, through } = options;
  const [front = 0, ...slots] = ports;
  const binary = await nginxBinary();
  const dir = mkdtempSync(join(tmpdir(), 'chatcluster-proxy-'));
  const legs = new Set<Leg>();
  const droppedGateways: string[] = [];
  const start = async (port: number, upstream: string): Promise<Child> => {
    const file = join(dir, `${port}.conf`);
    writeFileSync(file, configuration(dir, port, upstream));
    const [program = binary, ...args] = [...through, binary, '-p', dir, '-c', file];
    return startChild(program, args);
  };
  const balancer = await start(
    front,
    `random; ${slots.map(port => `server 127.0.0.1:${port} max_fails=0;`).join(' ')}`,
  );
  t.after(async () => {
    for (const { drop } of legs) clearTimeout(drop);
    await Promise.all([balancer, ...[...legs].map(({ nginx }) => nginx)].map(child => child.stop()));
    rmSync(dir, { recursive: true, force: true });
  });

  const open = async (gateway: string): Promise<void> => {
    const taken = new Set([...legs].filter(({ drop }) => drop === undefined).map(({ port }) => port));
    const port = slots.find(slot => !taken.has(slot));
    if (port === undefined) throw new RangeError(`more gateways than the ${slots.length} slots of the proxy`);
    const leg: Leg = { gateway, port, nginx: await start(port, `server ${gateway};`), drop: undefined };
    legs.add(leg);
    void leg.nginx.ended.then(() => {
      clearTimeout(leg.drop);
      legs.delete(leg);
    });
  };
  const close = (leg: Leg): void => {
    leg.nginx.signal('SIGQUIT'); // takes no more connections, and ends when it has none
    leg.drop = setTimeout(() => {
      droppedGateways.push(leg.gateway);
      leg.nginx.signal('SIGTERM');
    }, delaySeconds * 1_000);
  };
  return {
    port: front,
    dropped: () => droppedGateways,
    async lead(gateways) {
      for (const leg of legs) {
        if (leg.drop === undefined && !gateways.includes(leg.gateway)) close(leg);
        if (gateways.includes(leg.gateway)) clearTimeout(leg.drop);
      }
      const led = [...legs].filter(({ drop }) => drop === undefined).map(({ gateway }) => gateway);
      for (const gateway of gateways) if (!led.includes(gateway)) await open(gateway);
    },
  };
}
