import type { LeaseTimings } from './leader/election.ts';

/** Settings of the operator. */
export interface OperatorConfig {
  /** Namespace to watch; empty for all. */
  readonly namespace: string;
  /** True to watch nodes, and drain gateways before their node goes. */
  readonly watchNodes: boolean;
  /** Image of ChatClusters that name none. */
  readonly defaultImage: string;
  readonly adminPort: number;
  readonly logLevel: string;
  /** Seconds between two rounds of questions to the pods of a ChatCluster. */
  readonly pollSeconds: number;
  /** Passes at the same time. */
  readonly concurrency: number;
  /** Writes a second, over all ChatClusters, that only an upgrade of the operator causes. */
  readonly rewritesPerSecond: number;
  /** Name of this process in Events: the pod's. */
  readonly instance: string;
  /** The Lease that decides which of several operators acts, and its times. */
  readonly lease: { readonly namespace: string; readonly name: string; readonly timings: LeaseTimings };
}

interface Row {
  readonly env: string;
  readonly default?: string;
  readonly pattern: RegExp;
  readonly must: string;
}

const count = (env: string, preset: number, pattern: RegExp, must: string): Row => ({
  env,
  default: String(preset),
  pattern,
  must,
});

/** Every variable that the operator reads, besides KUBECONFIG. */
export const OPERATOR_OPTIONS = {
  namespace: {
    env: 'OPERATOR_NAMESPACE',
    default: '',
    pattern: /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/,
    must: 'be the namespace to watch, or empty for all',
  },
  watchNodes: {
    env: 'OPERATOR_WATCH_NODES',
    default: '',
    pattern: /^(true|false)?$/,
    must: 'be true, false, or empty for true when all namespaces are watched',
  },
  defaultImage: {
    env: 'OPERATOR_DEFAULT_IMAGE',
    pattern: /^[a-z0-9][-A-Za-z0-9._:/@]{0,511}$/,
    must: 'be the image of gateways and workers, e.g. registry.example.com/chatcluster:0.1.0',
  },
  adminPort: count(
    'OPERATOR_ADMIN_PORT',
    8081,
    /^([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$/,
    'be a port, 0 for any free one',
  ),
  logLevel: {
    env: 'OPERATOR_LOG_LEVEL',
    default: 'info',
    pattern: /^(debug|info|warn|error)$/,
    must: 'be debug, info, warn or error',
  },
  pollSeconds: count('OPERATOR_POLL_SECONDS', 5, /^([1-9]|[1-5][0-9]|60)$/, 'be an integer from 1 to 60'),
  rewritesPerSecond: count('OPERATOR_REWRITES_PER_SECOND', 10, /^([1-9]|[1-9][0-9])$/, 'be an integer from 1 to 99'),
  concurrency: count('OPERATOR_CONCURRENCY', 8, /^([1-9]|[1-5][0-9]|6[0-4])$/, 'be an integer from 1 to 64'),
  instance: {
    env: 'OPERATOR_INSTANCE',
    default: 'chatcluster-operator',
    pattern: /^[A-Za-z0-9][-A-Za-z0-9.]{0,127}$/,
    must: 'be the name of this process, at most 128 characters',
  },
  leaseNamespace: {
    env: 'OPERATOR_LEASE_NAMESPACE',
    default: 'default',
    pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    must: 'be a namespace',
  },
  leaseName: {
    env: 'OPERATOR_LEASE_NAME',
    default: 'chatcluster-operator',
    pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    must: 'be the name of a Lease',
  },
  leaseSeconds: count('OPERATOR_LEASE_SECONDS', 10, /^([3-9]|[1-5][0-9]|60)$/, 'be an integer from 3 to 60'),
  leaseRenewSeconds: count('OPERATOR_LEASE_RENEW_SECONDS', 7, /^([2-9]|[1-5][0-9])$/, 'be an integer from 2 to 59'),
  leaseRetrySeconds: count('OPERATOR_LEASE_RETRY_SECONDS', 2, /^([1-9]|[12][0-9])$/, 'be an integer from 1 to 29'),
} as const satisfies Record<string, Row>;

/** Settings from environment variables. @throws {Error} that lists all problems, each with variable and allowed values */
export function loadOperatorConfig(env: Readonly<Record<string, string | undefined>>): OperatorConfig {
  const problems: string[] = [];
  const rows: [string, Row][] = Object.entries(OPERATOR_OPTIONS);
  const values = Object.fromEntries(
    rows.map(([name, row]) => {
      const value = env[row.env] || row.default;
      if (value === undefined) problems.push(`${row.env} is required and must ${row.must}`);
      else if (!row.pattern.test(value)) problems.push(`${row.env} must ${row.must}, got ${JSON.stringify(value)}`);
      return [name, value ?? ''];
    }),
  ) as Record<keyof typeof OPERATOR_OPTIONS, string>;
  const known = new Set(rows.map(([, row]) => row.env));
  for (const name of Object.keys(env))
    if (name.startsWith('OPERATOR_') && !known.has(name)) problems.push(`${name} is not an option`);
  const timings: LeaseTimings = {
    durationMs: Number(values.leaseSeconds) * 1_000,
    renewMs: Number(values.leaseRenewSeconds) * 1_000,
    retryMs: Number(values.leaseRetrySeconds) * 1_000,
  };
  if (timings.renewMs >= timings.durationMs)
    problems.push('OPERATOR_LEASE_RENEW_SECONDS must be less than OPERATOR_LEASE_SECONDS');
  if (timings.retryMs * 2 > timings.renewMs)
    problems.push('OPERATOR_LEASE_RETRY_SECONDS must be at most half of OPERATOR_LEASE_RENEW_SECONDS');
  if (problems.length > 0) throw new Error(`bad configuration:\n${problems.map(line => `  - ${line}`).join('\n')}`);
  const { namespace, defaultImage, logLevel, instance } = values;
  return {
    namespace,
    defaultImage,
    logLevel,
    instance,
    lease: { namespace: values.leaseNamespace, name: values.leaseName, timings },
    watchNodes: values.watchNodes === '' ? values.namespace === '' : values.watchNodes === 'true',
    adminPort: Number(values.adminPort),
    pollSeconds: Number(values.pollSeconds),
    concurrency: Number(values.concurrency),
    rewritesPerSecond: Number(values.rewritesPerSecond),
  };
}
