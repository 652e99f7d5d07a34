import { existsSync, readFileSync } from 'node:fs';
import { longStep } from '../local/run.ts';
import { stdoutOf } from './stdout.ts';

/** A program of the host and its Debian package. */
interface Tool {
  readonly program: string;
  readonly debian: string;
  /** Directories it may be in beside those of PATH. */
  readonly dirs?: readonly string[];
}

const PLUGIN_DIRS = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];

export const CLUSTER_TOOLS: readonly Tool[] = [
  { program: 'containerd', debian: 'containerd' },
  { program: 'runc', debian: 'runc' },
  { program: 'ptp', debian: 'containernetworking-plugins', dirs: PLUGIN_DIRS },
  { program: 'iptables', debian: 'iptables' },
  { program: 'conntrack', debian: 'conntrack' },
  { program: 'ip', debian: 'iproute2' },
  { program: 'sysctl', debian: 'procps' },
  { program: 'openssl', debian: 'openssl' },
  { program: 'unshare', debian: 'util-linux' },
  { program: 'nsenter', debian: 'util-linux' },
];
export const IMAGE_TOOLS: readonly Tool[] = [
  { program: 'buildah', debian: 'buildah' },
  { program: 'tar', debian: 'tar' },
];

/** Directory of the network plugins of containers on the host. @throws when there is none */
export function networkPlugins(): string {
  const dir = PLUGIN_DIRS.find(each => existsSync(`${each}/ptp`));
  if (dir === undefined) throw new Error(`no network plugins in ${PLUGIN_DIRS.join(', ')}`);
  return dir;
}

/** Reason why no local cluster can run here, with what to use instead; null when one can. */
export function whyNoCluster(platform: string, uid: number | undefined): string | null {
  const why =
    platform !== 'linux'
      ? `The local cluster needs Linux, this is ${platform}.`
      : uid !== 0
        ? 'The local cluster needs root: it makes namespaces, mounts and links.'
        : null;
  return why === null
    ? null
    : `${why}
Use another cluster instead: npm run demo -- --kind makes one with Docker and kind (https://kind.sigs.k8s.io),
and docs/local-cluster.md says how the demo (KUBECONFIG) and the tests (CHATCLUSTER_KUBECONFIG) take one that exists.`;
}

/**
 * Makes sure that the programs are there: on Debian, missing ones are installed.
 * @throws naming the missing packages where it cannot
 */
export async function ensureTools(tools: readonly Tool[]): Promise<void> {
  const missing = await missingPackages(tools);
  if (missing.length === 0) return;
  const debian = /^ID(_LIKE)?=.*debian/m.test(readIfThere('/etc/os-release'));
  if (!debian || process.getuid?.() !== 0) {
    throw new Error(`install what is missing first (names of Debian's packages): ${missing.join(' ')}`);
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await longStep('reading the lists of Debian packages', 'apt-get', ['update', '-q'], { env });
  const install = ['install', '-q', '-y', '--no-install-recommends', ...missing];
  await longStep(`installing ${missing.join(' ')}`, 'apt-get', install, { env });
}

async function missingPackages(tools: readonly Tool[]): Promise<string[]> {
  const found = await Promise.all(
    tools.map(async ({ program, dirs = [] }) => {
      const path = ['$PATH', ...dirs].join(':');
      return (await stdoutOf('sh', ['-c', `PATH=${path} command -v ${program}`])) !== null;
    }),
  );
  return [...new Set(tools.filter((_, at) => !found[at]).map(tool => tool.debian))];
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
