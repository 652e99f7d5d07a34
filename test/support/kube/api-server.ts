import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { KubeObject } from '../../../operator/api/kube-object.ts';
import { KubeClient } from '../../../operator/kube/client.ts';
import { accessOf } from '../../../operator/kube/http.ts';
import { pathOf, RESOURCES } from '../../../operator/kube/resources.ts';
import { clusterBinaries } from '../../../tools/cluster/binaries.ts';
import { type Child, freePort, listening, startChild } from '../../../tools/local/child.ts';
import { until } from '../../../tools/support/until.ts';

/** A real kube-apiserver with its etcd, without nodes or controllers, for nobody but the test. */
export interface ApiServer {
  /** Kubeconfig of a cluster administrator, or of a user without rights but those granted to the user `operator`. */
  kubeconfig(user: 'admin' | 'operator'): string;
  /** As administrator. */
  readonly client: KubeClient;
  /** Removes a pod that terminates, as the kubelet does once its processes have ended. */
  terminated(pod: KubeObject): Promise<void>;
  /** Stops the API server; etcd keeps its data. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const TOKENS = { admin: 'token-of-the-administrator', operator: 'token-of-the-operator' };

/**
 * Starts both on free ports of 127.0.0.1; the test's end stops them. Needs no root.
 * @param flags further ones of kube-apiserver
 */
export async function startApiServer(t: Pick<TestContext, 'after'>, flags: readonly string[] = []): Promise<ApiServer> {
  const bin = await clusterBinaries();
  const dir = mkdtempSync(join(tmpdir(), 'chatcluster-api-'));
  const children: Child[] = [];
  t.after(async () => {
    for (const child of children.reverse()) await child.kill();
    rmSync(dir, { recursive: true, force: true });
  });
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const etcd = await startChild(join(bin, 'etcd'), [
    ...['--data-dir', join(dir, 'etcd'), '--unsafe-no-fsync', '--log-level', 'error'],
    ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
    ...['--listen-peer-urls', `http://127.0.0.1:${peerPort}`],
    ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peerPort}`],
    ...['--initial-cluster', `default=http://127.0.0.1:${peerPort}`],
  ]);
  children.push(etcd);
  await listening(etcd, etcdPort);

  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(join(dir, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(dir, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(
    join(dir, 'tokens.csv'),
    `${TOKENS.admin},admin,1,"system:masters"\n${TOKENS.operator},operator,2,"people"\n`,
  );
  const kubeconfig = (user: keyof typeof TOKENS): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user } }],
      clusters: [{ name: 'test', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: user, user: { token: TOKENS[user] } }],
    });
  const client = new KubeClient(accessOf(kubeconfig('admin')), { fieldManager: 'test', now: () => performance.now() });

  let server: Child | undefined;
  const start = async (): Promise<void> => {
    server = await startChild(join(bin, 'kube-apiserver'), [
      ...['--etcd-servers', etcdUrl, '--secure-port', String(port), '--bind-address', '127.0.0.1'],
      ...['--cert-dir', join(dir, 'certs'), '--token-auth-file', join(dir, 'tokens.csv')],
      ...['--authorization-mode', 'RBAC', '--service-cluster-ip-range', '10.97.0.0/16'],
      ...['--service-account-issuer', 'https://test', '--service-account-key-file', join(dir, 'sa.pub')],
      ...['--service-account-signing-key-file', join(dir, 'sa.key')],
      // Pods are made by the tests; nobody would make the service account they name.
      ...['--disable-admission-plugins', 'ServiceAccount'],
      // The default waits for the longest request, which is a watch.
      ...['--shutdown-delay-duration', '0s', '--request-timeout', '20s'],
      ...flags,
    ]);
    children.push(server);
    const started = server;
    await until('the API server is ready', async () => {
      if (!started.running()) throw new Error(`the API server ended:\n${started.output()}`);
      return (await ask(port, 'GET', '/readyz')) === 200;
    });
  };
  await start();
  return {
    kubeconfig,
    client,
    start,
    async terminated({ metadata: { name, namespace = '', uid } }) {
      const body = { gracePeriodSeconds: 0, preconditions: { uid } };
      const code = await ask(port, 'DELETE', pathOf(RESOURCES.pods, namespace, name), body);
      // Another one of the name, or none: it is gone.
      if (![200, 404, 409].includes(code)) throw new Error(`pod ${name} was not removed: ${code}`);
    },
    async stop() {
      await server?.kill();
    },
  };
}

/** As administrator. @returns the status of the answer, 0 without one */
async function ask(port: number, method: 'GET' | 'DELETE', path: string, body?: object): Promise<number> {
  return await new Promise(resolve => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${TOKENS.admin}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    };
    const asked = request({ port, host: '127.0.0.1', path, method, rejectUnauthorized: false, headers }, answer => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', () => resolve(0));
    asked.end(text);
  });
}
