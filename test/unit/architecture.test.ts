import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { cyclesOf, filesOf, foldersOf, importGraph } from '../support/architecture/import-graph.ts';
import { againstBounds, againstOrder } from '../support/architecture/rules.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const exclude = ['**/node_modules/**', 'web/dist/**'];
const product = globSync('{operator,server,client,web}/**/*.ts', { cwd: ROOT, exclude }).sort();
const everything = [...product, ...globSync('{tools,test}/**/*.ts', { cwd: ROOT, exclude }).sort()];
const graph = importGraph(new Map(everything.map(file => [file, readFileSync(join(ROOT, file), 'utf8')])));

test('no file imports itself over others, not even for a type', () => {
  assert.deepEqual(cyclesOf(filesOf(graph)), []);
});

test('no folder imports itself over others, not even for a type', () => {
  assert.deepEqual(cyclesOf(foldersOf(graph)), []);
});

test('each folder imports only what is lower in the order of folders', () => {
  assert.deepEqual(againstOrder(graph), []);
});

test('each part of the product knows only what it may, and packages are imported in one place', () => {
  assert.deepEqual(againstBounds(graph), []);
});

/** Files that may read the process's environment: entry points, what they consist of, and what an addon reads by itself. */
const ENTRIES =
  /^(server\/(gateway|worker|standalone|run|settings\/config|gateway\/start|transport\/header-limit)\.ts|server\/worker\/start\.ts|operator\/(main|config)\.ts|web\/|client\/)/;

test('the environment is read, and signals are taken, in entry points alone', () => {
  const broken = product.filter(
    file => !ENTRIES.test(file) && /process\.(env|on\(|once\(|exit)/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.deepEqual(broken, []);
});

/** Files that read the time of day, and why no other clock will do. Everything else is measured with the monotonic clock. */
const TIME_OF_DAY: Readonly<Record<string, string>> = {
  'server/time/clock.ts': 'the one reading, with a type of its own',
  'test/support/kube/fake-gateways.ts': 'timestamps that Kubernetes would write',
  'tools/support/sdk.ts': 'ids of messages',
  'tools/support/store-bench.ts': 'times of messages',
  'tools/support/token.ts': 'claims of tokens',
};

/** Files in which the operator uses that reading: it is compared with, or written among, times that outlive the process. */
const OPERATOR_DATES: Readonly<Record<string, string>> = {
  'operator/leader/lease-leader.ts': 'acquireTime and renewTime of the Lease, which only people read',
  'operator/report/recorder.ts': 'times of Events',
  'operator/reconcile/leader-term.ts':
    'time of the last success in the metrics, which are compared with the clock of who reads them',
  'operator/report/reporter.ts': 'lastTransitionTime of conditions',
  'operator/reconcile/reconciler.ts':
    'what is written down: times of intents, of revisions and of moves of the Service',
};

/** Files in which the operator's decisions turn times of day into numbers or back, and why they measure nothing with them. */
const WRITTEN_TIMES: Readonly<Record<string, string>> = {
  'operator/ask/loads.ts': 'two times of one pod, written by one kubelet',
  'operator/fleet/choices.ts': 'annotations of Deployments and the Service',
  'operator/fleet/closing.ts': 'times of intents, for people',
  'operator/report/incidents.ts':
    'what people are told of the last hour: a clock that is off tells it for longer or not at all',
  'operator/report/recorder.ts': 'times of Events',
  'operator/report/reporter.ts': 'lastTransitionTime of conditions',
  'operator/fleet/observe.ts': 'creationTimestamps, which only the API server writes, and which revision is the newest',
};

/** Expressions that compare a time of day or add to it. */
const RECKONED_TIMES: Readonly<Record<string, string>> = {
  'operator/fleet/canary.ts': 'which revision is the newest',
  'operator/fleet/closing.ts': 'the deadline of an intent, for people; the operator waits by its other clock',
  'operator/fleet/plan.ts': 'which revision is the newest; a new one is written as newer than all others',
  'operator/fleet/rollout.ts': 'which revision is the newest',
};

test('the time of day is read in named places alone: durations are measured with the monotonic clock', () => {
  const support = globSync(['test/support/**/*.ts', 'tools/local/**/*.ts', 'tools/support/**/*.ts'], { cwd: ROOT });
  const reading = (candidates: readonly string[], pattern: RegExp) =>
    candidates.filter(file => pattern.test(readFileSync(join(ROOT, file), 'utf8'))).sort();
  assert.deepEqual(
    reading([...product, ...support], /\bDate\.now\b|\bDate\(\s*\)|\bnew Date\b(?!\()|timeOrigin|Temporal\.Now/),
    Object.keys(TIME_OF_DAY).sort(),
  );
  assert.deepEqual(
    reading(
      product.filter(file => file.startsWith('operator/')),
      /\.wallClock\(\)/,
    ),
    Object.keys(OPERATOR_DATES).sort(),
  );
});

test('what the operator decides is measured with the monotonic clock: times of day only name and order', () => {
  const deciding = product.filter(file => /^operator\/(fleet|autoscale|apply|watch|ask|report|reconcile)\//.test(file));
  const using = (pattern: RegExp) =>
    deciding.filter(file => pattern.test(readFileSync(join(ROOT, file), 'utf8'))).sort();
  assert.deepEqual(using(/\bDate\.parse\b|\bnew Date\(/), Object.keys(WRITTEN_TIMES).sort());
  const day = String.raw`\b(?:wall|targetedAt|movedAt|newest)\b`;
  const reckoned = new RegExp(String.raw`${day}\)? (?:[-+*/]|[<>]=?) |(?:[-+*/]|[<>]=?) (?:\w+\.)*${day}`);
  assert.deepEqual(using(reckoned), Object.keys(RECKONED_TIMES).sort());
});

test('files stay short enough to be read in one go', () => {
  const long = product
    // Tables with a row an option or a query, and types that are generated.
    .filter(file => !['server/contract/options.ts', 'server/store/queries.ts', 'client/verbs.ts'].includes(file))
    .map(file => ({ file, lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > 300)
    .map(({ file, lines }) => `${file}: ${lines}`);
  assert.deepEqual(long, []);
});
