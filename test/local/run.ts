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

/**
 * Runs a long step, saying so on standard error at its start and its end.
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
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  if (code !== 0) throw new Error(`${what}: ${command} ended with ${code} after ${seconds} s\n${output}`);
  process.stderr.write(`${what}: done in ${seconds} s\n`);
}
