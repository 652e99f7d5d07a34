/**
 * Runs rings of tests: `node test/run.ts unit integration e2e`. Installs and builds what they need first, prints every
 * test, and ends with one line `N passed, N failed` over all rings. A skipped test is named; with CI=true it fails the run.
 */
import { globSync } from 'node:fs';
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

/** @returns false when something failed */
async function runRing(name: string, ring: Ring): Promise<void> {
  const files = globSync(ring.files).sort();
  console.log(`\n== ${name}: ${files.length} files ==`);
  const started = performance.now();
  const events = run({ files, concurrency: ring.concurrency, timeout: ring.timeoutMs });
  events.on('test:pass', event => {
    if (event.details.type === 'suite') return;
    if (event.skip !== undefined || event.todo !== undefined) skipped.push(`${name}: ${event.name}`);
    else passed += 1;
  });
  events.on('test:fail', event => {
    if (event.details.type !== 'suite') failed.push(`${name}: ${event.name} (${event.file ?? ''})`);
  });
  const reporter = events.compose(new spec());
  reporter.pipe(process.stdout, { end: false });
  await new Promise((resolve, reject) => {
    reporter.on('end', resolve);
    reporter.on('error', reject);
  });
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
for (const test of failed) console.log(`FAILED ${test}`);
const skippedFails = process.env['CI'] === 'true' ? skipped.length : 0;
if (skippedFails > 0) console.log('a skipped test is a failure where CI=true');
console.log(`${passed} passed, ${failed.length + skippedFails} failed`);
process.exit(failed.length + skippedFails > 0 || passed === 0 ? 1 : 0);
