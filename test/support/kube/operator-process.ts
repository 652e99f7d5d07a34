import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../../tools/local/child.ts';

const MAIN = join(import.meta.dirname, '../../../operator/main.ts');

/** The operator as a process of its own. */
export interface OperatorProcess {
  readonly child: ChildProcess;
  /** The last of what it has printed. */
  output(): string;
  /** Asks its admin port; status 0 while nothing answers. */
  ask(path: string): Promise<{ status: number; text: string }>;
  /** Value of a metric, `name` or `name{label="value"}`; undefined while nothing answers. */
  metric(name: string): Promise<number | undefined>;
  /** Ends it. @returns its exit code, null when the signal ended it */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts it with these variables alone; the test's end kills it. */
export function spawnOperator(t: Pick<TestContext, 'after'>, env: Readonly<Record<string, string>>): OperatorProcess {
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env['PATH'] ?? '', ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (output += String(chunk)));
  t.after(() => child.kill('SIGKILL'));
  const ask = (path: string) =>
    fetch(`http://127.0.0.1:${env['OPERATOR_ADMIN_PORT']}${path}`).then(
      async answer => ({ status: answer.status, text: await answer.text() }),
      () => ({ status: 0, text: '' }),
    );
  return {
    child,
    output: () => output.slice(-20_000),
    ask,
    async metric(name) {
      const { text } = await ask('/metrics');
      const value = text
        .split('\n')
        .find(line => line.startsWith(`${name} `))
        ?.slice(name.length + 1);
      return value === undefined ? undefined : Number(value);
    },
    async end(signal) {
      const ended = once(child, 'close');
      child.kill(signal);
      const [code] = await ended;
      return code;
    },
  };
}

/** Starts it with a kubeconfig and all it needs. @param env further variables */
export async function startOperatorProcess(
  t: Pick<TestContext, 'after'>,
  kubeconfig: string,
  env: Readonly<Record<string, string>> = {},
): Promise<OperatorProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'chatcluster-operator-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'kubeconfig');
  writeFileSync(file, kubeconfig);
  return spawnOperator(t, {
    KUBECONFIG: file,
    OPERATOR_DEFAULT_IMAGE: 'example.com/chat:1',
    OPERATOR_ADMIN_PORT: String(await freePort()),
    OPERATOR_LEASE_NAME: 'test-chatcluster',
    ...env,
  });
}
