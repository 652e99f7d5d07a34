import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { atExit } from './at-exit.ts';

const STOP_GRACE_MS = 10_000;
const OUTPUT_KEPT = 8_192;

/** A server process that ends with ours, however ours ends. */
export interface Child {
  readonly pid: number;
  /** The last 8 KiB of what it printed, for error messages. */
  output(): string;
  running(): boolean;
  /** Null while it runs, and for one that a signal ended. */
  exitCode(): number | null;
  /** Resolves when it is gone, for whatever reason. */
  readonly ended: Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM (and SIGCONT, should it be stopped), then SIGKILL after 10 s. Resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
}

export interface ChildOptions {
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Also prints what it prints. */
  readonly print?: boolean;
}

/**
 * Starts `command` in a process group of its own, so that Ctrl-C reaches it through us and in our order.
 * @throws when the program cannot be started
 */
export async function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Promise<Child> {
  // Only the kernel can end a child of a parent that was killed.
  const tied = existsSync('/usr/bin/setpriv');
  const [program, all] = tied
    ? ['/usr/bin/setpriv', ['--pdeathsig', 'SIGKILL', command, ...args]]
    : [command, [...args]];
  const child: ChildProcess = spawn(program, all, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: options.env ?? process.env,
  });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  if (options.print) {
    child.stdout?.pipe(process.stdout, { end: false });
    child.stderr?.pipe(process.stderr, { end: false });
  }
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const exited: Promise<void> = new Promise(resolve => child.once('exit', () => resolve()));
  const forget = atExit(() => {
    if (running()) child.kill('SIGKILL');
  });
  void exited.then(forget);
  return {
    pid,
    output: () => output,
    running,
    exitCode: () => child.exitCode,
    ended: exited,
    signal: name => void child.kill(name),
    async stop() {
      if (running()) {
        child.kill('SIGTERM');
        child.kill('SIGCONT');
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
        await exited;
        clearTimeout(timer);
      }
    },
    async kill() {
      if (running()) child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Waits until `port` on 127.0.0.1 accepts. @throws with the child's output when it ends first, or after `ms` */
export async function listening(child: Child, port: number, ms = 30_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await accepts(port))) {
    if (!child.running()) throw new Error(`the process ended before it listened on ${port}:\n${child.output()}`);
    if (performance.now() > deadline) throw new Error(`nothing listens on ${port} after ${ms} ms:\n${child.output()}`);
    await new Promise(resolve => setTimeout(resolve, 25));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.end());
  });
}

/**
 * A free port below the range that outgoing connections take theirs from, so that a server can be stopped and started
 * again on it.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    if (await portIsFree(port)) return port;
  }
  throw new Error('found no free port between 15000 and 30000');
}

/** True if a server could listen on that port of 127.0.0.1 now. */
export function portIsFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise(resolve => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
