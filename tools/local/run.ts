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

/** Settings of {@link longStep}. */
export interface LongStepOptions {
  readonly cwd?: string;
  /** Added to the line of its start, such as the time it may take. */
  readonly note?: string;
  /** Variables in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Lines of output a run from nothing writes, and their unit: shown as the progress instead of the last line. */
  readonly expected?: { readonly lines: number; readonly unit: string };
}

/**
 * Runs a long step. Its start, its end and, every 20 s, its progress are written to standard error.
 * @returns the number of lines it wrote to standard output
 * @throws with the end of its output when it fails
 */
export async function longStep(
  what: string,
  command: string,
  args: readonly string[],
  { cwd, env, note, expected }: LongStepOptions = {},
): Promise<number> {
  const started = performance.now();
  process.stderr.write(`${what}${note === undefined ? '' : ` (${note})`} ...\n`);
  const child = spawn(command, [...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const lines = { stdout: 0, stderr: 0 };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      lines[name] += linesIn(chunk);
      output = (output + chunk.toString()).slice(-4_096);
    });
  }
  const elapsed = () => Math.round((performance.now() - started) / 1_000);
  const last = () => output.trimEnd().split('\n').at(-1)?.slice(0, 100) ?? '';
  const progress = setInterval(() => {
    const now = expected ? progressOf(lines.stdout + lines.stderr, expected, elapsed()) : last();
    process.stderr.write(`${what}: ${elapsed()} s, ${now}\n`);
  }, PROGRESS_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => clearInterval(progress));
  const seconds = elapsed();
  if (code !== 0) throw new Error(`${what}: ${command} ended with ${code} after ${seconds} s\n${output}`);
  process.stderr.write(`${what}: done in ${seconds} s\n`);
  return lines.stdout;
}

/** Share from which on the pace says something about the rest. */
const TELLING = 0.05;

/**
 * Progress in words, with the time left at the pace so far. Parts that an earlier run left in a cache are not done again, so
 * the end may come early. Pure.
 */
export function progressOf(
  done: number,
  { lines, unit }: { readonly lines: number; readonly unit: string },
  seconds: number,
): string {
  const share = Math.min(1, done / Math.max(1, lines));
  const left = share < TELLING ? '' : `, about ${Math.ceil((seconds * (1 - share)) / share / 60)} min left`;
  return `${done} of at most ${lines} ${unit} (${Math.floor(100 * share)} %)${left}`;
}

function linesIn(chunk: Buffer): number {
  let count = 0;
  for (const byte of chunk) if (byte === 0x0a) count += 1;
  return count;
}
