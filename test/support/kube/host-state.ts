import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';

/** Traces that a local cluster could leave on the host, as sorted lines. */
export interface HostState {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
  readonly rules: readonly string[];
  readonly networkNamespaces: readonly string[];
  readonly cgroups: readonly string[];
  readonly sysctls: readonly string[];
}

/** Settings that count or are random. */
const VOLATILE =
  /^(fs\.(aio-nr|dentry-state|file-nr|inode-nr|inode-state|quota\.syncs)|kernel\.(ns_last_pid|pty\.nr|random\.)|net\.netfilter\.nf_conntrack_count)/;

/** @param ignoredCgroup name of a group of somebody else who is busy in it */
export function hostState(ignoredCgroup: string): HostState {
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = (text: string) => text.split('\n').filter(line => line !== '');
  const rules = ['iptables-save', 'ip6tables-save', 'iptables-legacy-save', 'ip6tables-legacy-save']
    .filter(command => existsSync(`/usr/sbin/${command}`))
    .flatMap(command => lines(run(command)).map(line => `${command}: ${line}`))
    .filter(line => !line.includes(': #'))
    .map(line => line.replace(/\[\d+:\d+\]/, ''));
  const state = {
    // Without the ids of the mounts.
    mounts: lines(readFileSync('/proc/self/mountinfo', 'utf8')).map(line => line.split(' ').slice(2).join(' ')),
    links: lines(run('ip', '-oneline', 'link')),
    addresses: lines(run('ip', '-oneline', 'address')).map(line => line.replace(/_lft \S+/g, '')),
    routes: lines(run('ip', 'route', 'show', 'table', 'all')),
    rules,
    networkNamespaces: lines(run('ip', 'netns', 'list')),
    cgroups: globSync('/sys/fs/cgroup/**/', { exclude: path => path.endsWith(`/${ignoredCgroup}`) }),
    sysctls: lines(run('sysctl', '-a')).filter(line => !VOLATILE.test(line)),
  };
  for (const list of Object.values(state)) list.sort();
  return state;
}

/** Differences of `after` from `before`: more (+) and less (-); empty if they are the same. */
export function changes(before: HostState, after: HostState): string[] {
  return (Object.keys(before) as (keyof HostState)[]).flatMap(kind => {
    const [old, now] = [new Set(before[kind]), new Set(after[kind])];
    const gone = [...old].filter(line => !now.has(line)).map(line => `- ${kind}: ${line}`);
    const come = [...now].filter(line => !old.has(line)).map(line => `+ ${kind}: ${line}`);
    return [...gone, ...come];
  });
}

/** Processes that name `dir` in their command, or see it in their mounts, as everything in a cluster's namespaces does. */
export function processesAround(dir: string): number[] {
  const read = (file: string) => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return ''; // it has ended
    }
  };
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => read(`/proc/${pid}/mountinfo`).includes(dir) || read(`/proc/${pid}/cmdline`).includes(dir))
    .map(Number);
}
