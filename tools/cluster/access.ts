import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { type Layout, LOCAL } from './layout.ts';

const OUTPUT_LIMIT = 64 * 1024 * 1024;

/** The cluster that demo and tests talk to. */
export interface Access {
  /** Our own; null for the cluster of CHATCLUSTER_KUBECONFIG, which must have the images already. */
  readonly local: Layout | null;
  readonly kubeconfig: string;
  /**
   * Runs kubectl to its end.
   * @param input what it reads from standard input, for `apply -f -`
   * @returns its output
   * @throws with what it printed when it fails
   */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** The object or list that `kubectl get` prints. */
  get<T>(args: readonly string[]): Promise<T>;
  helm(args: readonly string[]): Promise<string>;
}

/** The cluster of CHATCLUSTER_KUBECONFIG if that is set, else the local one of `npm run cluster:up`. */
export function clusterAccess(env: NodeJS.ProcessEnv): Access {
  const given = env['CHATCLUSTER_KUBECONFIG'];
  const kubeconfig = given || LOCAL.kubeconfig;
  const program = (name: string) => (given ? name : join(LOCAL.bin, name));
  const options = { maxBuffer: OUTPUT_LIMIT, env: { ...env, KUBECONFIG: kubeconfig } };
  const run = async (name: string, args: readonly string[]) =>
    (await promisify(execFile)(program(name), [...args], options)).stdout;
  const kubectl = (args: readonly string[], input?: string) =>
    input === undefined ? run('kubectl', args) : feed(program('kubectl'), args, input, options.env);
  return {
    local: given ? null : LOCAL,
    kubeconfig,
    kubectl,
    get: async <T>(args: readonly string[]) => JSON.parse(await kubectl(['get', '--output=json', ...args])) as T,
    helm: args => run('helm', args),
  };
}

async function feed(program: string, args: readonly string[], input: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(program, [...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined); // it ended before it read everything, and says why below
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [output, problem, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${problem}`);
  return output;
}
