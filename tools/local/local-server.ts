import { type Child, freePort } from './child.ts';
import { dataDir } from './data-dir.ts';

/** A server of this machine that tests and `npm start` can stop and start again. */
export interface LocalServer {
  /** Starts it again on the same port and data after `stop` or `kill`. */
  start(): Promise<void>;
  /** Ends it in order; the data stays. */
  stop(): Promise<void>;
  /** SIGKILL; the data stays, what was not written yet does not. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT make it silent and bring it back. */
  signal(name: NodeJS.Signals): void;
  /** Ends it, if it is ours, and removes a temporary directory. */
  close(): Promise<void>;
}

export interface LocalServerSettings {
  /** Directory of its data; default: a temporary one. */
  readonly dataDir?: string;
  /** Default: any free one. */
  readonly port?: number;
}

/** One that runs as a child of this process. */
export interface OwnServer extends LocalServer {
  readonly port: number;
  readonly dataDir: string;
  readonly pid: number;
  /** The last of what it printed since it was started. */
  output(): string;
}

const ATTEMPTS = 3;

/**
 * @param prefix name of a temporary directory
 * @param launch starts the program and resolves when it listens
 */
export async function startLocalServer(
  settings: LocalServerSettings,
  prefix: string,
  launch: (dataDir: string, port: number) => Promise<Child>,
): Promise<OwnServer> {
  const data = dataDir(settings.dataDir, prefix);
  const { port, child } = await startOnPort(settings.port, port => launch(data.path, port));
  let current = child;
  return {
    port,
    dataDir: data.path,
    get pid() {
      return current.pid;
    },
    output: () => current.output(),
    async start() {
      if (!current.running()) current = await launch(data.path, port);
    },
    stop: () => current.stop(),
    kill: () => current.kill(),
    signal: name => current.signal(name),
    async close() {
      await current.stop();
      data.remove();
    },
  };
}

async function startOnPort(wanted: number | undefined, launch: (port: number) => Promise<Child>) {
  if (wanted !== undefined) return { port: wanted, child: await launch(wanted) };
  // Another test process may take the port between the look and the start.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, child: await launch(port) };
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
