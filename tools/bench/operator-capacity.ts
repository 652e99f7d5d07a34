import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../local/child.ts';
import { until } from '../support/until.ts';
import { answer, type Row, type Setup, start } from './setup.ts';

const CLUSTERS = 3_000;
/** Flags of Node, as in the chart. */
const FLAGS = ['--heap-growing-percent=20', '--max-semi-space-size=8'];
const MEASURED_MS = 20_000;
/** Two rounds of the ChatClusters that are asked least often, every 30 s. */
const SETTLED_MS = 60_000;
const TICK_MS = 1_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

interface Operator {
  readonly pid: number;
  metric(name: string): Promise<number>;
  end(): Promise<void>;
}

/** One operator process carries 3,000 ChatClusters of 2 gateways and a worker, a third of them scaled by it. */
export async function operatorCapacity({ teardown }: Pick<Setup, 'teardown'>): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'chatcluster-bench-'));
  teardown.add(() => rmSync(dir, { recursive: true, force: true }));
  const cluster = start('tools/bench/stub-cluster.ts', {}, teardown, [String(CLUSTERS)]);
  const kubeconfig = join(dir, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(await answer<number>(cluster)));
  const ask = async <T>(question: string): Promise<T> => {
    const reply = answer<T>(cluster);
    cluster.send(question);
    return await reply;
  };
  const main = compiled(dir);

  // One makes all children; another one, which finds them, is measured.
  const first = await startOperator(main, kubeconfig, { OPERATOR_CONCURRENCY: '64' });
  teardown.add(() => first.end());
  let there = {};
  const areReady = async () => {
    const { ready, ...counts } = await ask<{ ready: number }>('counts');
    there = { ready, ...counts };
    return ready === CLUSTERS;
  };
  await until('all are Ready', areReady, { ms: 900_000, pollMs: 1_000, state: () => there });
  await first.end();
  const operator = await startOperator(main, kubeconfig, {});
  teardown.add(() => operator.end());
  await delay(SETTLED_MS);

  await ask('forget');
  const before = await look(operator);
  let rssKiB = 0;
  for (const end = performance.now() + MEASURED_MS; performance.now() < end; await delay(1_000))
    rssKiB = Math.max(rssKiB, rssOf(operator.pid));
  const after = await look(operator);
  const gaps = await ask<{ builtin: number[]; others: number[] }>('gaps');
  const seconds = (after.at - before.at) / 1_000;
  const late = gaps.builtin.filter(ms => ms > 7_500).length / gaps.builtin.length;
  return [
    {
      what: `operator with ${CLUSTERS} ChatClusters of 2+1 pods: CPU`,
      measured: `${((after.cpuMs - before.cpuMs) / seconds / 10).toFixed(0)} % of a core`,
      goal: 'below 70 %',
    },
    { what: 'its memory (RSS)', measured: `${(rssKiB / 1_024).toFixed(0)} MiB`, goal: 'below 400 MiB' },
    {
      what: 'passes; ChatClusters that wait for one',
      measured: `${((after.passes - before.passes) / seconds).toFixed(0)} a second; ${after.waiting}`,
      goal: `${Math.round(CLUSTERS / 15)} a second at least; 0`,
    },
    {
      what: 'time between two questions to a gateway it scales: median, 99th percentile; later than 7.5 s',
      measured: `${quantile(gaps.builtin, 0.5)} s, ${quantile(gaps.builtin, 0.99)} s; ${(late * 100).toFixed(2)} %`,
      goal: '5 s; 0 %',
    },
    {
      what: 'time between two questions to a gateway it does not scale: median, 99th percentile',
      measured: `${quantile(gaps.others, 0.5)} s, ${quantile(gaps.others, 0.99)} s`,
    },
  ];
}

async function look(operator: Operator) {
  const fields = readFileSync(`/proc/${operator.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const passes = await operator.metric('chatcluster_operator_reconciles_total{result="ok"}');
  const waiting = await operator.metric('chatcluster_operator_queue_depth');
  return { at: performance.now(), cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, passes, waiting };
}

function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function quantile(values: readonly number[], share: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[Math.floor(sorted.length * share)] ?? Number.NaN) / 1_000).toFixed(1);
}

/** Compiles the operator, as the image has it: a process that compiles TypeScript itself takes more memory. @returns its entry point */
function compiled(dir: string): string {
  const root = join(import.meta.dirname, '../..');
  // Beside the sources, so that it finds its packages.
  const out = join(root, 'dist');
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json'), '--outDir', out], {
    cwd: dir,
  });
  execFileSync(process.execPath, [join(root, 'operator/bundle.ts'), out]);
  copyFileSync(join(root, 'package.json'), join(out, 'package.json'));
  return join(out, 'operator/main.js');
}

function kubeconfigOf(port: number): string {
  return JSON.stringify({
    'current-context': 'bench',
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    clusters: [{ name: 'bench', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'bench', user: { token: 'bench' } }],
  });
}

async function startOperator(
  main: string,
  kubeconfig: string,
  env: Readonly<Record<string, string>>,
): Promise<Operator> {
  const port = await freePort();
  const child = spawn(process.execPath, [...FLAGS, main], {
    env: {
      PATH: process.env['PATH'] ?? '',
      KUBECONFIG: kubeconfig,
      OPERATOR_DEFAULT_IMAGE: 'example.com/chat:1',
      OPERATOR_ADMIN_PORT: String(port),
      OPERATOR_LOG_LEVEL: 'error',
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const ready = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until('the operator is ready', ready, { ms: 120_000 });
  return {
    pid: child.pid ?? 0,
    async metric(name) {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const line = text.split('\n').find(each => each.startsWith(`${name} `));
      return Number(line?.slice(name.length + 1));
    },
    async end() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
