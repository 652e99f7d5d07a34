import { copyFileSync, existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Access } from '../../tools/cluster/access.ts';
import { buildImage } from '../../tools/cluster/build-image.ts';
import type { Layout } from '../../tools/cluster/layout.ts';
import { loadBuilt } from '../../tools/cluster/load-image.ts';
import { stdoutOf } from '../../tools/cluster/stdout.ts';
import { buildOnce, CACHE } from '../../tools/local/build-once.ts';
import { longStep } from '../../tools/local/run.ts';
import type { Teardown } from '../../tools/support/backends.ts';

const IMAGE = 'localhost/prometheus:debian';
const NAME = 'prometheus';
const PORT = 9090;

/** Pods to scrape. */
export interface Scraped {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly port: number;
}

/**
 * Runs Debian's Prometheus in the namespace of the pods it scrapes. It goes with the test.
 * @returns its address inside the cluster
 */
export async function startPrometheus(t: Teardown, access: Access, layout: Layout, scraped: Scraped): Promise<string> {
  const { namespace } = scraped;
  await buildPrometheus();
  await loadBuilt(layout, IMAGE);
  const all = JSON.stringify(manifest(scraped));
  t.after(async () => {
    await access.kubectl(['delete', '--ignore-not-found', '-f', '-'], all);
  });
  await access.kubectl(['apply', '-f', '-'], all);
  const rollout = ['rollout', 'status', `--namespace=${namespace}`, `deployment/${NAME}`, '--timeout=60s'];
  await access.kubectl(rollout);
  return `http://${NAME}.${namespace}.svc:${PORT}`;
}

function manifest({ namespace, labels, port }: Scraped): object {
  const metadata = { name: NAME, namespace };
  const own = { app: NAME };
  // Debian builds it without the discovery of Kubernetes: it finds the pods by a name that stands for all their addresses.
  const targets = `${NAME}-targets`;
  const config = {
    global: { scrape_interval: '5s' },
    scrape_configs: [
      {
        job_name: 'pods',
        dns_sd_configs: [
          { names: [`${targets}.${namespace}.svc.cluster.local`], type: 'A', port, refresh_interval: '5s' },
        ],
        relabel_configs: [{ target_label: 'namespace', replacement: namespace }],
      },
    ],
  };
  const container = {
    name: NAME,
    image: IMAGE,
    imagePullPolicy: 'Never',
    args: ['--config.file=/config/prometheus.json', '--storage.tsdb.path=/data', '--storage.tsdb.retention.time=1h'],
    readinessProbe: { httpGet: { path: '/-/ready', port: PORT }, periodSeconds: 1 },
    volumeMounts: [
      { name: 'config', mountPath: '/config' },
      { name: 'data', mountPath: '/data' },
    ],
  };
  const volumes = [
    { name: 'config', configMap: { name: NAME } },
    { name: 'data', emptyDir: {} },
  ];
  const items = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'prometheus.json': JSON.stringify(config) } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: targets, namespace },
      // One that drains is not ready, and its connections count.
      spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: labels, ports: [{ port }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: own },
        template: { metadata: { labels: own }, spec: { containers: [container], volumes } },
      },
    },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: own, ports: [{ port: PORT }] } },
  ];
  return { apiVersion: 'v1', kind: 'List', items };
}

/** The program of Debian's package and the libraries it names, and nothing else. */
async function buildPrometheus(): Promise<void> {
  const program = await debianProgram();
  const context = mkdtempSync(join(CACHE, 'context-'));
  try {
    const libraries = (await stdoutOf('ldd', [program]))?.match(/\/\S+\.so\S*/g) ?? [];
    for (const library of libraries) {
      const copy = join(context, 'root', library);
      mkdirSync(dirname(copy), { recursive: true });
      copyFileSync(library, copy);
    }
    copyFileSync(program, join(context, 'root', NAME));
    const dockerfile = `FROM scratch\nCOPY root /\nUSER 65532:65532\nENTRYPOINT ["/${NAME}"]\n`;
    await buildImage(IMAGE, context, dockerfile);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** Path of the program, out of the host's Debian package. The package is not installed: its service would start. */
async function debianProgram(): Promise<string> {
  const dir = join(CACHE, 'prometheus');
  const making = `${dir}.making`;
  await buildOnce(
    'prometheus',
    () => existsSync(dir),
    async () => {
      rmSync(making, { recursive: true, force: true });
      mkdirSync(making, { recursive: true });
      await longStep('reading the lists of Debian packages', 'apt-get', ['update', '-q']);
      await longStep('fetching Prometheus', 'apt-get', ['download', '-q', 'prometheus'], { cwd: making });
      const [archive] = globSync('*.deb', { cwd: making });
      if (archive === undefined) throw new Error('apt-get download left no package');
      await longStep('unpacking it', 'dpkg-deb', ['--extract', archive, '.'], { cwd: making });
      renameSync(making, dir);
    },
  );
  return join(dir, 'usr/bin/prometheus');
}
