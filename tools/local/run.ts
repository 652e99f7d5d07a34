import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

/** Output of a short command, or null when it is missing or fails. */
export async function outputOf(command: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...args], { timeout: 30_000 });
    return stdout + stderr;
  } catch {
    return null;
  }
}

const PROGRESS_MS = 20_000;

/**
 * Runs a long step, saying so on standard error at its start and its end, and every 20 s how far its output is.
 * @throws with the end of its output when it fails
 */
export async function longStep(
  what: string,
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const started = performance.now();
  process.stderr.write(`${what} ...\n`);
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_096);
    });
  }
  const elapsed = () => ((performance.now() - started) / 1_000).toFixed(0);
  const progress = setInterval(() => {
    const last = output.trimEnd().split('\n').at(-1)?.slice(0, 100) ?? '';
    process.stderr.write(`${what}: ${elapsed()} s, ${last}\n`);
  }, PROGRESS_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => clearInterval(progress));
  const seconds = elapsed();
  if (code !== 0) throw new Error(`${what}: ${command} ended with ${code} after ${seconds} s\n${output}`);
  process.stderr.write(`${what}: done in ${seconds} s\n`);
}
