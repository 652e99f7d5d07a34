import { mongoKind } from './mongo.ts';
import { recentEnough } from './nats-binary.ts';
import { outputOf } from './run.ts';

/** A program that must be on PATH, with the name of its Debian package. */
export interface Prerequisite {
  readonly program: string;
  readonly args: readonly string[];
  readonly reason: string;
  readonly debian: string;
  /** Lowest version: the number that `find` finds in the program's answer, and its usual form. */
  readonly atLeast?: { readonly major: number; readonly find: RegExp; readonly written: string };
}

const GO: Prerequisite = {
  program: 'go',
  args: ['version'],
  reason: 'builds nats-server from source, since no nats-server of at least 2.12 is on PATH',
  debian: 'golang-go',
  // The first that fetches the toolchain a module asks for.
  atLeast: { major: 21, find: /go1\.(\d+)/, written: '1.21' },
};
const JAVA: Prerequisite = {
  program: 'java',
  args: ['-version'],
  reason: 'runs the stand-in for MongoDB',
  debian: 'openjdk-17-jdk-headless',
  atLeast: { major: 17, find: /version "(\d+)/, written: '17' },
};
const JAVAC: Prerequisite = {
  program: 'javac',
  args: ['-version'],
  reason: 'compiles the stand-in for MongoDB',
  debian: 'openjdk-17-jdk-headless',
  atLeast: { major: 17, find: /javac (\d+)/, written: '17' },
};
const MAVEN: Prerequisite = {
  program: 'mvn',
  args: ['-v'],
  reason: 'fetches the stand-in for MongoDB from Maven Central',
  debian: 'maven',
};

/** All prerequisites, whatever is on this machine. */
export const PREREQUISITES: readonly Prerequisite[] = [GO, JAVA, JAVAC, MAVEN];

/** Prerequisites of `npm run demo` on a cluster of its own, which runs what this machine builds, whatever it has installed. */
export const DEMO_PREREQUISITES: readonly Prerequisite[] = [
  { ...GO, reason: 'builds Kubernetes, CoreDNS and helm from source' },
  JAVA,
  JAVAC,
  MAVEN,
];

/** Prerequisites of `npm start` and the integration tests on this machine. */
export async function spinePrerequisites(): Promise<readonly Prerequisite[]> {
  const nats = await outputOf('nats-server', ['--version']);
  return [
    ...(nats !== null && recentEnough(nats) ? [] : [GO]),
    ...((await mongoKind()) === 'stand-in' ? [JAVA, JAVAC, MAVEN] : []),
  ];
}

/** Looks for programs, prints what it finds to standard error and resolves with all problems, one line each; none is empty. */
export async function checkPrerequisites(wanted: readonly Prerequisite[]): Promise<string[]> {
  const results = await Promise.all(
    wanted.map(async each => ({ each, problem: judge(each, await outputOf(each.program, each.args)) })),
  );
  const problems: string[] = [];
  for (const { each, problem } of results) {
    process.stderr.write(`prerequisite ${each.program}: ${problem ?? 'found'}\n`);
    if (problem !== null) problems.push(`${each.program}: ${problem}. It ${each.reason}.`);
  }
  const packages = [...new Set(results.filter(result => result.problem !== null).map(result => result.each.debian))];
  if (packages.length > 0) process.stderr.write(`On Debian: apt-get install ${packages.join(' ')}\n`);
  return problems;
}

/** Null when `output`, what the program answered, will do. Pure. */
export function judge(wanted: Prerequisite, output: string | null): string | null {
  if (output === null) return `missing (Debian package ${wanted.debian})`;
  if (!wanted.atLeast) return null;
  const major = Number(wanted.atLeast.find.exec(output)?.[1]);
  return major >= wanted.atLeast.major ? null : `must be at least version ${wanted.atLeast.written}`;
}
