/**
 * Runs rings of tests: `node test/run.ts unit integration e2e`. Installs and builds what they need first, prints every
 * test, and ends with one line `N passed, N failed` over all rings. A skipped test is named; with CI=true it fails the run.
 */
import { globSync } from 'node:fs';
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { prepare } from './support/prepare.ts';

interface Ring {
  readonly files: string;
  /** Test files at the same time. */
  readonly concurrency: number;
  readonly timeoutMs: number;
}

const RINGS: Readonly<Record<string, Ring>> = {
  unit: { files: 'test/unit/**/*.test.ts', concurrency: 2, timeoutMs: 60_000 },
  integration: { files: 'test/integration/**/*.test.ts', concurrency: 2, timeoutMs: 300_000 },
  e2e: { files: 'test/e2e/**/*.test.ts', concurrency: 1, timeoutMs: 1_200_000 },
  interop: { files: 'test/interop/**/*.test.ts', concurrency: 1, timeoutMs: 3_600_000 },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !Object.hasOwn(RINGS, name));
if (wanted.length === 0 || unknown.length > 0) {
  console.error(`usage: node test/run.ts RING...   rings: ${Object.keys(RINGS).join(', ')}`);
  process.exit(2);
}

let passed = 0;
const failed: string[] = [];
const skipped: string[] = [];
const unstable: string[] = [];

interface Outcome {
  readonly passed: number;
  readonly skipped: readonly string[];
  /** Names of the tests that failed, by file. */
  readonly failed: ReadonlyMap<string, readonly string[]>;
}

async function runFiles(files: readonly string[], ring: Ring, concurrency: number): Promise<Outcome> {
  let good = 0;
  const passedOver: string[] = [];
  const bad = new Map<string, string[]>();
  const events = run({ files: [...files], concurrency, timeout: ring.timeoutMs });
  events.on('test:pass', event => {
    if (event.details.type === 'suite') return;
    if (event.skip !== undefined || event.todo !== undefined) passedOver.push(event.name);
    else good += 1;
  });
  events.on('test:fail', event => {
    if (event.details.type === 'suite') return;
    const file = event.file ?? '';
    bad.set(file, [...(bad.get(file) ?? []), event.name]);
  });
  const reporter = events.compose(new spec());
  reporter.pipe(process.stdout, { end: false });
  await new Promise((resolve, reject) => {
    reporter.on('end', resolve);
    reporter.on('error', reject);
  });
  return { passed: good, skipped: passedOver, failed: bad };
}

/**
 * Files with a failure are run once more, alone. A test that passes then is unstable: it is named at the end, loudly,
 * and has to be mended, but it does not hide what the other thousand say. One that fails twice has failed.
 */
async function runRing(name: string, ring: Ring): Promise<void> {
  const files = globSync(ring.files).sort();
  console.log(`\n== ${name}: ${files.length} files ==`);
  const started = performance.now();
  const first = await runFiles(files, ring, ring.concurrency);
  passed += first.passed;
  skipped.push(...first.skipped.map(test => `${name}: ${test}`));
  for (const [path, tests] of first.failed) {
    const file = relative('.', path);
    console.log(`\n== ${name}: ${file} failed and is run once more ==`);
    // A test of a shared suite names the suite's file, which alone runs nothing.
    const again = files.includes(file) ? await runFiles([file], ring, 1) : null;
    const stable = again === null || again.failed.size > 0;
    for (const test of tests) (stable ? failed : unstable).push(`${name}: ${test} (${file})`);
    if (!stable) passed += tests.length;
  }
  console.log(`== ${name}: ${Math.round((performance.now() - started) / 1000)} s ==`);
}

const stages = await prepare(wanted);
try {
  for (const name of wanted) {
    const ring = RINGS[name];
    if (!ring) continue;
    await stages.before(name);
    await runRing(name, ring);
  }
} catch (error) {
  failed.push(`preparation: ${(error as Error).message}`);
} finally {
  await stages.after();
}
for (const test of skipped) console.log(`SKIPPED ${test}`);
for (const test of unstable) console.log(`UNSTABLE, failed once: ${test}`);
for (const test of failed) console.log(`FAILED ${test}`);
const skippedFails = process.env['CI'] === 'true' ? skipped.length : 0;
if (skippedFails > 0) console.log('a skipped test is a failure where CI=true');
console.log(`${passed} passed, ${failed.length + skippedFails} failed`);
process.exit(failed.length + skippedFails > 0 || passed === 0 ? 1 : 0);
