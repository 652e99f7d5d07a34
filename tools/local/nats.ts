import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, listening, startChild } from './child.ts';
import { type LocalServerSettings, type OwnServer, startLocalServer } from './local-server.ts';
import { natsBinary } from './nats-binary.ts';

/** A nats-server; its directory holds the configuration and, in `jetstream`, the streams. */
export interface LocalNats extends OwnServer {
  readonly url: string;
}

export interface NatsSettings extends LocalServerSettings {
  /** Credentials that clients must give; default: none. */
  readonly user?: string;
  readonly password?: string;
  /** Largest message, headers and all, in bytes. Default 1 MiB. */
  readonly maxPayload?: number;
}

/** Starts a real nats-server with JetStream on 127.0.0.1. Building it the first time takes up to a minute. */
export async function startNats(settings: NatsSettings = {}): Promise<LocalNats> {
  const binary = await natsBinary();
  const start = (dir: string, port: number) => launch(binary, dir, port, settings);
  const server = await startLocalServer(settings, 'chatcluster-nats-', start);
  return Object.assign(server, { url: `nats://127.0.0.1:${server.port}` });
}

async function launch(binary: string, dir: string, port: number, settings: NatsSettings): Promise<Child> {
  const file = join(dir, 'nats.conf');
  writeFileSync(file, configuration(dir, port, settings));
  const child = await startChild(binary, ['-c', file]);
  await listening(child, port);
  return child;
}

function configuration(dir: string, port: number, settings: NatsSettings): string {
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    'server_name: local',
    `max_payload: ${settings.maxPayload ?? 1024 * 1024}`,
    // Streams reserve their largest size; the default allowance, 75% of the free disk, would refuse them on a small one.
    `jetstream { store_dir: ${JSON.stringify(dir)}, max_file_store: 64GB, max_memory_store: 256MB }`,
  ];
  if (settings.user !== undefined)
    lines.push(
      `authorization { user: ${JSON.stringify(settings.user)}, password: ${JSON.stringify(settings.password)} }`,
    );
  return `${lines.join('\n')}\n`;
}
