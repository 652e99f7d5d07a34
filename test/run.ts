/**
 * Runs rings of tests: `node test/run.ts unit integration e2e`, or single files of them. Installs and builds what they
 * need first, prints every test and the seconds of each file, and ends with one line `N passed, N failed` over all
 * rings. A skipped test is named; with CI=true it fails the run.
 */
import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { CACHE } from '../tools/local/build-once.ts';
import { DEPTH_VARIABLE, ONLY_FULL } from './support/depth.ts';
import { FileTimes } from './support/ring/file-times.ts';
import { prepare } from './support/ring/prepare.ts';
import { type Wanted, wantedOf } from './support/ring/run-arguments.ts';

interface Ring {
  readonly files: string;
  /** Test files at the same time, on two cores: those of integration use a third of a core each, the rest is waiting. */
  readonly concurrency: number;
  readonly timeoutMs: number;
}

const RINGS: Readonly<Record<string, Ring>> = {
  unit: { files: 'test/{unit,model}/**/*.test.ts', concurrency: 2, timeoutMs: 60_000 },
  integration: { files: 'test/integration/**/*.test.ts', concurrency: 4, timeoutMs: 600_000 },
  browser: { files: 'test/browser/**/*.test.ts', concurrency: 2, timeoutMs: 300_000 },
  e2e: { files: 'test/e2e/**/*.test.ts', concurrency: 1, timeoutMs: 1_200_000 },
  interop: { files: 'test/interop/**/*.test.ts', concurrency: 1, timeoutMs: 3_600_000 },
};

/** File with the milliseconds of each test file, for the order of the next run. */
const TIMES = join(CACHE, 'test-times.json');

const USAGE = `usage: node test/run.ts [--depth ci|full] [RING...] [FILE...]
  RING   ${Object.keys(RINGS).join(', ')}
  FILE   a part of the paths of test files, such as test/unit/server/traffic/waves.test.ts or operator-; without RING, of all rings
  --depth full   also what CI leaves out`;

function fromCommandLine(): Wanted {
  try {
    const files = Object.entries(RINGS).map(([name, ring]) => [name, globSync(ring.files).sort()] as const);
    return wantedOf(process.argv.slice(2), new Map(files));
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

const wanted = fromCommandLine();
process.env[DEPTH_VARIABLE] = wanted.depth;
const times = new FileTimes(timesBefore());
let passed = 0;
let leftOut = 0;
const failed: string[] = [];
const skipped: string[] = [];
const unstable: string[] = [];

function timesBefore(): Record<string, number> {
  try {
    return JSON.parse(readFileSync(TIMES, 'utf8')) as Record<string, number>;
  } catch {
    return {}; // the first run
  }
}

function keepTimes(): void {
  mkdirSync(CACHE, { recursive: true });
  const written = `${TIMES}.${process.pid}`;
  writeFileSync(written, JSON.stringify(times.known()));
  renameSync(written, TIMES);
}

interface Outcome {
  readonly passed: number;
  readonly leftOut: number;
  readonly skipped: readonly string[];
  /** Names of the tests that failed, by file. */
  readonly failed: ReadonlyMap<string, readonly string[]>;
}

async function runFiles(files: readonly string[], name: string, ring: Ring, concurrency: number): Promise<Outcome> {
  let good = 0;
  let onlyFull = 0;
  const passedOver: string[] = [];
  const bad = new Map<string, string[]>();
  const events = run({ files: [...files], concurrency, timeout: ring.timeoutMs });
  events.on('test:pass', event => {
    if (event.details.type === 'suite') return;
    if (event.skip === ONLY_FULL) onlyFull += 1;
    else if (event.skip !== undefined || event.todo !== undefined) passedOver.push(event.name);
    else good += 1;
  });
  events.on('test:fail', event => {
    if (event.details.type === 'suite') return;
    const file = event.file ?? '';
    bad.set(file, [...(bad.get(file) ?? []), event.name]);
  });
  events.on('test:complete', ({ name: path, file, details }) => {
    // The file as a whole, with its start.
    if (file !== undefined && resolve(path) === file) times.add(name, path, details.duration_ms);
  });
  const reporter = events.compose(new spec());
  reporter.pipe(process.stdout, { end: false });
  await new Promise((resolve, reject) => {
    reporter.on('end', resolve);
    reporter.on('error', reject);
  });
  return { passed: good, leftOut: onlyFull, skipped: passedOver, failed: bad };
}

/**
 * Files with a failure are run once more, alone. A test that passes then is unstable: it is named at the end, loudly,
 * and has to be mended, but it does not hide what the other thousand say. One that fails twice has failed.
 */
async function runRing(name: string, ring: Ring, files: readonly string[]): Promise<void> {
  console.log(`\n== ${name}: ${files.length} files ==`);
  const started = performance.now();
  const inOrder = ring.concurrency > 1 ? times.longestFirst(files) : files;
  const first = await runFiles(inOrder, name, ring, ring.concurrency);
  passed += first.passed;
  leftOut += first.leftOut;
  skipped.push(...first.skipped.map(test => `${name}: ${test}`));
  for (const [path, tests] of first.failed) {
    const file = relative('.', path);
    console.log(`\n== ${name}: ${file} failed and is run once more ==`);
    // A test of a shared suite names the suite's file, which alone runs nothing.
    const again = files.includes(file) ? await runFiles([file], name, ring, 1) : null;
    const stable = again === null || again.failed.size > 0;
    for (const test of tests) (stable ? failed : unstable).push(`${name}: ${test} (${file})`);
    if (!stable) passed += tests.length;
  }
  console.log(`== ${name}: ${Math.round((performance.now() - started) / 1000)} s ==`);
  for (const line of times.ofRing(name)) console.log(line);
}

const stages = await prepare([...wanted.rings.keys()]);
try {
  for (const [name, files] of wanted.rings) {
    const ring = RINGS[name];
    if (!ring) continue;
    await stages.before(name);
    await runRing(name, ring, files);
  }
} catch (error) {
  failed.push(`preparation: ${(error as Error).message}`);
} finally {
  await stages.after();
}
keepTimes();
console.log('\nslowest files:');
for (const line of times.slowest()) console.log(line);
for (const test of skipped) console.log(`SKIPPED ${test}`);
for (const test of unstable) console.log(`UNSTABLE, failed once: ${test}`);
for (const test of failed) console.log(`FAILED ${test}`);
const skippedFails = process.env['CI'] === 'true' ? skipped.length : 0;
if (skippedFails > 0) console.log('a skipped test is a failure where CI=true');
if (leftOut > 0 || wanted.leftOut.length > 0)
  console.log(`${leftOut} tests and ${wanted.leftOut.length} whole files of tests run only with --depth full`);
console.log(`${passed} passed, ${failed.length + skippedFails} failed`);
process.exit(failed.length + skippedFails > 0 || passed === 0 ? 1 : 0);
