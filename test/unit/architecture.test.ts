import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');
const IMPORT = /^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm;
const TYPE_ONLY = /^\s*(?:import|export)\s+type\b/;

interface Import {
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = globSync(['operator/**/*.ts', 'server/**/*.ts', 'client/**/*.ts', 'web/**/*.ts'], {
  cwd: ROOT,
  exclude: ['**/node_modules/**', 'web/dist/**'],
}).sort();
const imports = new Map<string, Import[]>(
  files.map(file => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const found = [...text.matchAll(IMPORT)].map(match => {
      const to = match[1] ?? match[2] ?? '';
      const local = to.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), to)) : to;
      return { to: local, typeOnly: TYPE_ONLY.test(match[0]) };
    });
    return [file, found];
  }),
);

/** A package may be imported by these files alone: everything else goes through them. */
const ADAPTERS: Readonly<Record<string, RegExp>> = {
  'uWebSockets.js': /^server\/socket\/uws\.ts$/,
  mongodb: /^server\/store\//,
  '@nats-io/transport-node': /^server\/(bus|worker)\//,
  '@nats-io/jetstream': /^server\/(bus|worker)\//,
  '@nats-io/kv': /^server\/(bus|worker)\//,
  '@kubernetes/client-node': /^operator\/kube\//,
  'prom-client': /metrics\.ts$/,
  jose: /^server\/(auth\/token|http\/dev-token)\.ts$/,
  protobufjs: /^server\/protocol\//,
};
/** Where the process's surroundings may be read: entry points, what they are made of, and what an addon reads by itself. */
const ENTRIES =
  /^(server\/(gateway|worker|standalone|run|config|gateway\/start|socket\/header-limit)\.ts|server\/worker\/start\.ts|operator\/(main|config)\.ts|web\/|client\/)/;

test('every import rule holds', () => {
  const broken: string[] = [];
  for (const [file, list] of imports) {
    for (const { to } of list) {
      for (const [name, allowed] of Object.entries(ADAPTERS))
        if ((to === name || to.startsWith(`${name}/`)) && !allowed.test(file)) broken.push(`${file} imports ${to}`);
      if (file.startsWith('operator/') && to.startsWith('server/') && !/^server\/(contract|options)\.ts$/.test(to))
        broken.push(`${file} knows more of the server than its contract: ${to}`);
      if (file.startsWith('server/') && /^(operator|client|web)\//.test(to)) broken.push(`${file} imports ${to}`);
      if (file.startsWith('client/') && /^(operator|server|web)\//.test(to)) broken.push(`${file} imports ${to}`);
      if (file.startsWith('server/protocol/') && /^server\/(?!protocol\/|options\.ts)/.test(to))
        broken.push(`${file}: the protocol is pure, it imports ${to}`);
      if (
        /^server\/(room|session|presence|auth)\//.test(file) &&
        /^server\/(bus|socket\/uws|store\/(?!store\.ts))/.test(to)
      )
        broken.push(`${file} knows an adapter: ${to}`);
      if (/^test\//.test(to)) broken.push(`${file} imports a test: ${to}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('no imports go in a circle', () => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const { to, typeOnly } of imports.get(file) ?? []) if (!typeOnly) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(cycles, []);
});

test('the environment is read, and signals are taken, in entry points alone', () => {
  const broken = files.filter(
    file => !ENTRIES.test(file) && /process\.(env|on\(|once\(|exit)/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.deepEqual(broken, []);
});

/** Where the time of day is read, and why no other clock will do. Everything else is measured with the monotonic clock. */
const TIME_OF_DAY: Readonly<Record<string, string>> = {
  'server/time/clock.ts': 'the one reading of the server, with a type of its own',
  'client/clock.ts': 'the one reading of the client',
  'operator/main.ts': 'the one reading of the operator, passed on as `date`',
  'test/support/chat-operator.ts': 'what operator/main.ts does',
  'test/support/fake-gateways.ts': 'timestamps that Kubernetes would write',
  'test/support/sdk.ts': 'ids of messages',
  'test/support/store-bench.ts': 'times of messages',
  'test/support/token.ts': 'claims of tokens',
};

/** Where the operator uses that reading: all of it is compared with, or written among, times that outlive the process. */
const OPERATOR_DATES: Readonly<Record<string, string>> = {
  'operator/leader/lease-leader.ts': 'acquireTime and renewTime of the Lease, which only people read',
  'operator/controller/recorder.ts': 'times of Events',
  'operator/turn.ts': 'time of the last success in the metrics, which are compared with the clock of who reads them',
  'operator/controller/reporter.ts': 'lastTransitionTime of conditions',
  'operator/controller/reconciler.ts':
    'what is written down: times of intents, of revisions and of moves of the Service',
};

/** Where the decisions of the operator turn times of day into numbers or back, and why nothing is measured with them. */
const WRITTEN_TIMES: Readonly<Record<string, string>> = {
  'operator/autoscale/load-reader.ts': 'two times of one pod, written by one kubelet',
  'operator/fleet/choices.ts': 'annotations of Deployments and the Service',
  'operator/fleet/closing.ts': 'times of intents, for people',
  'operator/reconcile/incidents.ts':
    'what people are told of the last hour: a clock that is off tells it for longer or not at all',
  'operator/fleet/observe.ts': 'creationTimestamps, which only the API server writes, and which revision is the newest',
};

/** Where a time of day is compared or added to. */
const RECKONED_TIMES: Readonly<Record<string, string>> = {
  'operator/fleet/canary.ts': 'which revision is the newest',
  'operator/fleet/closing.ts': 'the deadline of an intent, for people; the operator waits by its other clock',
  'operator/fleet/plan.ts': 'which revision is the newest; a new one is written as newer than all others',
  'operator/fleet/rollout.ts': 'which revision is the newest',
};

test('the time of day is read in named places alone: durations are measured with the monotonic clock', () => {
  const support = globSync(['test/support/**/*.ts', 'test/local/**/*.ts'], { cwd: ROOT });
  const reading = (candidates: readonly string[], pattern: RegExp) =>
    candidates.filter(file => pattern.test(readFileSync(join(ROOT, file), 'utf8'))).sort();
  assert.deepEqual(
    reading([...files, ...support], /\bDate\.now\b|\bDate\(\s*\)|\bnew Date\b(?!\()|timeOrigin|Temporal\.Now/),
    Object.keys(TIME_OF_DAY).sort(),
  );
  assert.deepEqual(
    reading(
      files.filter(file => file.startsWith('operator/')),
      /\.wallClock\(\)/,
    ),
    Object.keys(OPERATOR_DATES).sort(),
  );
});

test('what the operator decides is measured with the monotonic clock: times of day only name and order', () => {
  const deciding = files.filter(file => /^operator\/(fleet|autoscale|controller|reconcile)\//.test(file));
  const using = (pattern: RegExp) =>
    deciding.filter(file => pattern.test(readFileSync(join(ROOT, file), 'utf8'))).sort();
  assert.deepEqual(using(/\bDate\.parse\b|\bnew Date\(/), Object.keys(WRITTEN_TIMES).sort());
  const day = String.raw`\b(?:wall|targetedAt|movedAt|newest)\b`;
  const reckoned = new RegExp(String.raw`${day}\)? (?:[-+*/]|[<>]=?) |(?:[-+*/]|[<>]=?) (?:\w+\.)*${day}`);
  assert.deepEqual(using(reckoned), Object.keys(RECKONED_TIMES).sort());
});

test('files stay short enough to be read in one go', () => {
  const long = files
    .filter(file => file !== 'server/options.ts') // a table, a row an option
    .map(file => ({ file, lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > 300)
    .map(({ file, lines }) => `${file}: ${lines}`);
  assert.deepEqual(long, []);
});
