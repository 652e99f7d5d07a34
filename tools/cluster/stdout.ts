import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Standard output of a short command, trimmed; null when the command is missing or fails. */
export async function stdoutOf(command: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(command, [...args], { timeout: 60_000 });
    return stdout.trim();
  } catch {
    return null;
  }
}
