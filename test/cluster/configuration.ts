import { mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkPlugins } from './host.ts';
import { type Layout, NETWORK } from './layout.ts';
import { auditPolicy, containerdConfig, kubeconfig, kubeletConfig, podNetwork } from './node-config.ts';

const OVERLAYFS_MAGIC = 0x794c7630;
const USERS = ['admin', 'controller-manager', 'scheduler', 'proxy', 'kubelet'] as const;

/** Writes what the components read. The certificates must be there. */
export function writeConfiguration(layout: Layout): void {
  const file = (name: string, content: string) => writeFileSync(join(layout.config, name), content, { mode: 0o600 });
  mkdirSync(join(layout.config, 'cni'), { recursive: true });
  for (const user of USERS) {
    file(`${user}.kubeconfig`, kubeconfig(`https://127.0.0.1:${NETWORK.apiPort}`, credentials(layout, user)));
  }
  const onOverlay = statfsSync(layout.dir).type === OVERLAYFS_MAGIC;
  file('audit-policy.json', auditPolicy());
  file('containerd.toml', containerdConfig(onOverlay ? 'native' : 'overlayfs', networkPlugins()));
  file('kubelet.json', kubeletConfig(layout.cgroup));
  file('cni/10-chatcluster.conflist', podNetwork());
  // Names outside the cluster do not resolve.
  file('resolv.conf', 'nameserver 127.0.0.1\n');
}

/**
 * Writes what people use on the host: the kubeconfig, and kubectl and helm that take it unless told otherwise.
 * @param port of 127.0.0.1 where the API server is reached
 */
export function writeAccess(layout: Layout, binaries: string, port: number): void {
  const config = kubeconfig(`https://127.0.0.1:${port}`, credentials(layout, 'admin'));
  writeFileSync(layout.kubeconfig, config, { mode: 0o600 });
  mkdirSync(layout.bin, { recursive: true });
  for (const program of ['kubectl', 'helm']) {
    const script = `#!/bin/sh
export KUBECONFIG="\${KUBECONFIG:-${layout.kubeconfig}}"
exec "${join(binaries, program)}" "$@"
`;
    writeFileSync(join(layout.bin, program), script, { mode: 0o755 });
  }
}

function credentials(layout: Layout, user: (typeof USERS)[number]) {
  const read = (name: string) => readFileSync(join(layout.pki, name));
  return { ca: read('ca.crt'), certificate: read(`${user}.crt`), key: read(`${user}.key`) };
}
