import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, CACHE } from '../local/build-once.ts';
import { GO_BUILD } from '../local/go-build.ts';
import { longStep } from '../local/run.ts';
import { stdoutOf } from './stdout.ts';

/** A program of a Go module. */
export interface Program {
  readonly name: string;
  /** Package to build: an import path, or a path that starts with `./`, seen from the module. */
  readonly package: string;
  /** Further names that start the program. */
  readonly aliases?: readonly string[];
}

/** Programs that one `go build` makes from one Go module, so that each package they share is compiled once. */
export interface ProgramSet {
  /** Name of their directory under `.cache`, to which the hash of the module is added. */
  readonly name: string;
  /** Directory of the module. */
  readonly module: string;
  readonly programs: readonly Program[];
  /** Minutes the build takes on two cores that are otherwise idle. */
  readonly minutes: number;
}

const MODULE = join(dirname(fileURLToPath(import.meta.url)), 'go');

const KUBE: Program = {
  name: 'kube',
  package: './kube',
  aliases: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'],
};

/** Programs of the cluster: `pause`, `coredns`, `helm` and the Kubernetes components. */
export const CLUSTER: ProgramSet = {
  name: 'cluster-bin',
  module: MODULE,
  programs: [
    { name: 'pause', package: './pause' },
    KUBE,
    { name: 'coredns', package: './coredns' },
    { name: 'helm', package: 'helm.sh/helm/v4/cmd/helm' },
  ],
  minutes: 7,
};

/** A set of its own, because the demo needs no metrics-server. All but 26 of its packages are compiled for {@link CLUSTER}, before it. */
const METRICS_SERVER: ProgramSet = {
  name: 'metrics-server',
  module: MODULE,
  programs: [{ name: 'metrics-server', package: 'sigs.k8s.io/metrics-server/cmd/metrics-server' }],
  minutes: 1,
};

/** Builds the programs of {@link CLUSTER}, once, and resolves with their directory. */
export function clusterBinaries(): Promise<string> {
  return builtPrograms(CLUSTER);
}

/** Builds metrics-server, once, and resolves with the program. */
export async function metricsServerBinary(): Promise<string> {
  return join(await builtPrograms(METRICS_SERVER), 'metrics-server');
}

/** Builds the programs of a set, once, and resolves with their directory, which is complete from the moment it exists. */
export async function builtPrograms(set: ProgramSet): Promise<string> {
  const dir = directoryOf(set);
  await buildOnce(
    set.name,
    () => existsSync(dir),
    () => build(set, dir),
  );
  return dir;
}

/** True if the programs of a set were built before, from the sources as they are now. */
export function isBuilt(set: ProgramSet): boolean {
  return existsSync(directoryOf(set));
}

async function build({ name, module, programs, minutes }: ProgramSet, dir: string): Promise<void> {
  const building = `${dir}.building`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const packages = programs.map(program => program.package);
  const options = { cwd: module, env: GO_BUILD.env };
  const listed = await longStep(`${name}: fetching its Go modules`, 'go', ['list', '-deps', ...packages], options);
  await longStep(
    `${name}: compiling ${programs.map(program => program.name).join(', ')}`,
    'go',
    // -v names each package when it is compiled: a line each.
    ['build', '-v', ...GO_BUILD.flags, ...(await linkerFlags(programs, module)), '-o', `${building}/`, ...packages],
    {
      ...options,
      note: `once, about ${minutes} min on two cores`,
      expected: { lines: listed, unit: 'packages' },
    },
  );
  for (const program of programs) {
    const made = program.package.split('/').at(-1) ?? '';
    if (made !== program.name) renameSync(join(building, made), join(building, program.name));
    for (const alias of program.aliases ?? []) symlinkSync(program.name, join(building, alias));
  }
  renameSync(building, dir);
}

/** Flags by which Kubernetes reports the version of its module: it refuses to start without one. */
async function linkerFlags(programs: readonly Program[], module: string): Promise<string[]> {
  if (!programs.includes(KUBE)) return [];
  const version = await stdoutOf('go', ['-C', module, 'list', '-m', '-f', '{{.Version}}', 'k8s.io/kubernetes']);
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version ?? '') ?? [];
  if (version === null || minor === undefined) throw new Error('go cannot tell the version of k8s.io/kubernetes');
  const set = (variable: string, value: string | undefined) => `-X k8s.io/component-base/version.${variable}=${value}`;
  const versions = [set('gitVersion', version), set('gitMajor', major), set('gitMinor', minor)];
  return [`-ldflags=${KUBE.package}=${GO_BUILD.linker} ${versions.join(' ')}`];
}

function directoryOf({ name, module }: ProgramSet): string {
  const hash = createHash('sha256');
  for (const file of globSync('**/*', { cwd: module }).sort()) {
    if (!/\.(mod|sum|go)$/.test(file)) continue;
    hash.update(`${file}\n`).update(readFileSync(join(module, file)));
  }
  return join(CACHE, `${name}-${hash.digest('hex').slice(0, 12)}`);
}
