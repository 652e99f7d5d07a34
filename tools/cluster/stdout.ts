import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a short command answers, trimmed, without what it says on standard error; null when it is missing or fails. */
export async function stdoutOf(command: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(command, [...args], { timeout: 60_000 });
    return stdout.trim();
  } catch {
    return null;
  }
}
