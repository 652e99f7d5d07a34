import { outputOf } from '../local/run.ts';

/** Arguments that make a program name its version, without a cluster or a daemon. */
const VERSION = {
  docker: ['--version'],
  kind: ['version'],
  kubectl: ['version', '--client'],
  helm: ['version'],
} as const;

/** @throws naming all programs that are not on PATH @param what needs them, for the message */
export async function requirePrograms(what: string, programs: readonly (keyof typeof VERSION)[]): Promise<void> {
  const outputs = await Promise.all(programs.map(program => outputOf(program, VERSION[program])));
  const missing = programs.filter((_, at) => outputs[at] === null);
  if (missing.length > 0) throw new Error(`${what} needs ${missing.join(', ')} on PATH`);
}
