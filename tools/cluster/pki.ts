import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FIRST_NODE, type Layout, NETWORK, type NodeIdentity } from './layout.ts';

const run = promisify(execFile);
const DAYS = '365';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

interface Certificate {
  /** Path of its two files, without `.crt` and `.key`, seen from the directory of the authorities. */
  readonly name: string;
  readonly subject: string;
  readonly authority: 'ca' | 'front-proxy-ca';
  /** Names and addresses it is served at; none for pure clients. */
  readonly hosts?: readonly string[];
}

const API_NAMES = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

const CERTIFICATES: readonly Certificate[] = [
  {
    name: 'apiserver',
    subject: '/CN=kube-apiserver',
    authority: 'ca',
    hosts: [
      ...API_NAMES.map(name => `DNS:${name}`),
      ...['127.0.0.1', NETWORK.apiService, FIRST_NODE.address].map(ip => `IP:${ip}`),
    ],
  },
  kubelet(FIRST_NODE, 'kubelet'),
  { name: 'admin', subject: '/O=system:masters/CN=admin', authority: 'ca' },
  { name: 'controller-manager', subject: '/CN=system:kube-controller-manager', authority: 'ca' },
  { name: 'scheduler', subject: '/CN=system:kube-scheduler', authority: 'ca' },
  { name: 'proxy', subject: '/CN=system:kube-proxy', authority: 'ca' },
  { name: 'apiserver-kubelet', subject: '/O=system:masters/CN=apiserver-kubelet', authority: 'ca' },
  { name: 'front-proxy', subject: '/CN=front-proxy-client', authority: 'front-proxy-ca' },
];

/** Makes the cluster's keys and certificates, unless they are there. @throws when openssl fails */
export async function makeCertificates(layout: Layout): Promise<void> {
  const done = join(layout.pki, 'done');
  if (existsSync(done)) return;
  mkdirSync(layout.pki, { recursive: true, mode: 0o700 });
  // Without a configuration of its own openssl adds the distribution's extensions to each certificate.
  writeFileSync(join(layout.pki, 'openssl.cnf'), '[req]\ndistinguished_name=dn\n[dn]\n');
  const openssl = opensslIn(layout.pki);
  for (const name of ['ca', 'front-proxy-ca']) {
    await openssl(...request(name, `/CN=${name}`), '-addext', 'basicConstraints=critical,CA:TRUE');
  }
  await Promise.all(CERTIFICATES.map(each => openssl(...signed(each))));
  await openssl(
    'genpkey',
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-out',
    'service-account.key',
  );
  await openssl('pkey', '-in', 'service-account.key', '-pubout', '-out', 'service-account.pub');
  writeFileSync(done, '');
}

/** Makes the certificate of the second node, and copies those that all nodes have. */
export async function makeSecondNodeCertificates({ pki, second }: Layout): Promise<void> {
  mkdirSync(second.pki, { recursive: true, mode: 0o700 });
  for (const file of ['ca.crt', 'proxy.crt', 'proxy.key']) copyFileSync(join(pki, file), join(second.pki, file));
  await opensslIn(pki)(...signed(kubelet(second, join(second.pki, 'kubelet'))));
}

/** Certificate of a kubelet. The name in it is the node whose objects the API server lets it write. */
function kubelet(node: NodeIdentity, name: string): Certificate {
  const subject = `/O=system:nodes/CN=system:node:${node.name}`;
  return { name, subject, authority: 'ca', hosts: [`DNS:${node.name}`, `IP:${node.address}`] };
}

function opensslIn(dir: string) {
  return (...args: string[]) => run('openssl', args, { cwd: dir });
}

function signed({ name, subject, authority, hosts }: Certificate): string[] {
  return [
    ...request(name, subject),
    ...['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`],
    ...['-addext', 'extendedKeyUsage=serverAuth,clientAuth'],
    ...(hosts ? ['-addext', `subjectAltName=${hosts.join(',')}`] : []),
  ];
}

function request(name: string, subject: string): string[] {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  return ['req', '-x509', '-config', 'openssl.cnf', ...NEW_KEY, ...files, '-days', DAYS, '-subj', subject];
}
