import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, CACHE } from '../local/build-once.ts';
import { longStep } from '../local/run.ts';
import { stdoutOf } from './stdout.ts';

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), 'go');

/** A program to build from a Go module. */
export interface Program {
  readonly name: string;
  /** Directory of its module; programs may share one. */
  readonly module: string;
  /** Package to build, seen from the module. */
  readonly package: string;
  /** How long it takes on two cores when Go's build cache is empty. */
  readonly coldly: string;
  /** Further names it answers to. */
  readonly aliases: readonly string[];
}

const CLUSTER: readonly Program[] = [
  { name: 'pause', module: join(SOURCES, 'pause'), package: '.', coldly: 'seconds', aliases: [] },
  {
    name: 'kube',
    module: join(SOURCES, 'kube'),
    package: '.',
    coldly: 'about 9 minutes',
    aliases: [
      'etcd',
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kubelet',
      'kube-proxy',
      'kubectl',
    ],
  },
  { name: 'coredns', module: join(SOURCES, 'coredns'), package: '.', coldly: 'about 2 minutes', aliases: [] },
  {
    name: 'helm',
    module: join(SOURCES, 'helm'),
    package: 'helm.sh/helm/v4/cmd/helm',
    coldly: 'about 4 minutes',
    aliases: [],
  },
];

const METRICS_SERVER: Program = {
  name: 'metrics-server',
  module: join(SOURCES, 'metrics-server'),
  package: 'sigs.k8s.io/metrics-server/cmd/metrics-server',
  coldly: 'about 3 minutes',
  aliases: [],
};

/**
 * Builds what the cluster is made of from Go modules, once, and resolves with the directory of the programs: `pause`,
 * `coredns`, `helm` and the Kubernetes components. It is kept under `.cache`, by the hash of its sources.
 */
export function clusterBinaries(): Promise<string> {
  return builtPrograms('cluster-bin', CLUSTER);
}

/** Builds metrics-server, once, as {@link clusterBinaries} does, and resolves with the program. */
export async function metricsServerBinary(): Promise<string> {
  return join(await builtPrograms('metrics-server', [METRICS_SERVER]), METRICS_SERVER.name);
}

/**
 * Builds programs, once, and resolves with their directory.
 * @param name of the directory, to which the hash of their modules is added
 */
export async function builtPrograms(name: string, programs: readonly Program[]): Promise<string> {
  const dir = join(CACHE, `${name}-${hashOfSources(programs)}`);
  for (const program of programs) {
    const binary = join(dir, program.name);
    await buildOnce(
      `cluster-${program.name}`,
      () => existsSync(binary),
      () => build(program, binary),
    );
  }
  return dir;
}

async function build(program: Program, binary: string): Promise<void> {
  const { name, module, coldly } = program;
  mkdirSync(dirname(binary), { recursive: true });
  for (const alias of program.aliases) {
    rmSync(join(dirname(binary), alias), { force: true });
    symlinkSync(name, join(dirname(binary), alias));
  }
  // -v names each package that is compiled, which is the progress longStep shows.
  const flags = ['-v', '-trimpath', '-buildvcs=false', '-ldflags', await linkerFlags(name, module)];
  await longStep(
    `building ${name} from source (once, ${coldly})`,
    'go',
    ['build', ...flags, '-o', `${binary}.building`, program.package],
    // The components keep cgo as they are released; the others run in images without a libc.
    { cwd: module, env: name === 'kube' ? {} : { CGO_ENABLED: '0' } },
  );
  renameSync(`${binary}.building`, binary);
}

/** Kubernetes reports the version it is linked with, and refuses to start without one. */
async function linkerFlags(name: string, module: string): Promise<string> {
  if (name !== 'kube') return '-s -w';
  const version = await stdoutOf('go', ['-C', module, 'list', '-m', '-f', '{{.Version}}', 'k8s.io/kubernetes']);
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version ?? '') ?? [];
  if (version === null || minor === undefined) throw new Error('go cannot tell the version of k8s.io/kubernetes');
  const set = (what: string, value: string | undefined) => `-X k8s.io/component-base/version.${what}=${value}`;
  return `-s -w ${set('gitVersion', version)} ${set('gitMajor', major)} ${set('gitMinor', minor)}`;
}

function hashOfSources(programs: readonly Program[]): string {
  const hash = createHash('sha256');
  const modules = new Set(programs.map(({ module }) => module));
  const files = [...modules].flatMap(module => globSync(join(module, '*')));
  for (const file of files.sort()) {
    hash.update(`${basename(dirname(file))}/${basename(file)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}
