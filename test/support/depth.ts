/**
 * Depth of a run of the tests. CI runs what is the only proof of something on a real cluster; `--depth full` adds
 * scenarios that repeat a proof elsewhere, and tests of the harness itself.
 */
import { type TestContext, type TestOptions, test } from 'node:test';

export const DEPTHS = ['ci', 'full'] as const;
export type Depth = (typeof DEPTHS)[number];

/** Variable by which the runner passes the depth on to the test files. Default ci. */
export const DEPTH_VARIABLE = 'TEST_DEPTH';

/** Reason given for a test that depth ci leaves out: the runner counts these apart from skipped tests. */
export const ONLY_FULL = 'only with --depth full';

/** Folder of a ring whose files run only at depth full. */
export const FULL_FOLDER = 'full';

/** Depth of this run. */
export const DEPTH: Depth = process.env[DEPTH_VARIABLE] === 'full' ? 'full' : 'ci';

type Declare = (name: string, options: TestOptions, run: (t: TestContext) => Promise<void>) => unknown;

const passOver: Declare = name => test(name, { skip: ONLY_FULL });

/** Declares a test, as `test` does, that runs only at depth full. It is `test` itself there: a failure names the caller's file. */
export const full: Declare = DEPTH === 'full' ? test : passOver;
