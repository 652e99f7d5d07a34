import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, freePort, listening, startChild } from './child.ts';
import { type OwnServer, startLocalServer } from './local-server.ts';
import { natsBinary } from './nats-binary.ts';

/** Three nats-servers that keep streams together. */
export interface NatsCluster {
  /** All three, comma separated, as the option natsUrl takes them. */
  readonly url: string;
  readonly servers: readonly NatsMember[];
  /** The member that goes by a name which JetStream gives in a stream's or consumer's `cluster`. */
  member(name: string): NatsMember;
  close(): Promise<void>;
}

export interface NatsMember extends OwnServer {
  readonly name: string;
  readonly url: string;
}

const SIZE = 3;

/** Starts three real nats-servers with JetStream on 127.0.0.1, joined by routes. */
export async function startNatsCluster(): Promise<NatsCluster> {
  const binary = await natsBinary();
  const routes: number[] = [];
  while (routes.length < SIZE) {
    const port = await freePort();
    if (!routes.includes(port)) routes.push(port);
  }
  const servers = await Promise.all(
    routes.map(async (route, index): Promise<NatsMember> => {
      const name = `nats-${index}`;
      const launch = (dir: string, port: number) =>
        start(binary, dir, configuration({ name, dir, port, route, routes }), port);
      const server = await startLocalServer({}, `chatcluster-${name}-`, launch);
      return Object.assign(server, { name, url: `nats://127.0.0.1:${server.port}` });
    }),
  );
  return {
    url: servers.map(({ url }) => url).join(','),
    servers,
    member(name) {
      const found = servers.find(server => server.name === name);
      if (!found) throw new Error(`no nats-server is called ${name}`);
      return found;
    },
    async close() {
      await Promise.all(servers.map(server => server.close()));
    },
  };
}

async function start(binary: string, dir: string, configured: string, port: number): Promise<Child> {
  const file = join(dir, 'nats.conf');
  writeFileSync(file, configured);
  const child = await startChild(binary, ['-c', file]);
  await listening(child, port);
  return child;
}

interface Member {
  readonly name: string;
  readonly dir: string;
  readonly port: number;
  readonly route: number;
  readonly routes: readonly number[];
}

function configuration({ name, dir, port, route, routes }: Member): string {
  const others = routes.map(each => `"nats-route://127.0.0.1:${each}"`).join(', ');
  return [
    `listen: "127.0.0.1:${port}"`,
    `server_name: ${name}`,
    'max_payload: 1MB',
    `jetstream { store_dir: ${JSON.stringify(dir)}, max_file_store: 64GB, max_memory_store: 256MB }`,
    `cluster { name: chat, listen: "127.0.0.1:${route}", routes: [${others}] }`,
    '',
  ].join('\n');
}
