import { mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { networkPlugins } from './host.ts';
import { FIRST_NODE, type Layout, NETWORK, type NodeLayout } from './layout.ts';
import { auditPolicy, containerdConfig, kubeconfig, kubeletConfig, podNetwork } from './node-config.ts';

const OVERLAYFS_MAGIC = 0x794c7630;
/** URL of the API server, as both nodes see it. */
const SERVER = `https://${FIRST_NODE.address}:${NETWORK.apiPort}`;
const CONTROLLERS = ['admin', 'controller-manager', 'scheduler'] as const;
const AGENTS = ['proxy', 'kubelet'] as const;

/** Writes the files that the components of the control plane read. The certificates must be there. */
export function writeControlPlaneConfiguration(layout: Layout): void {
  const file = fileIn(layout.config);
  for (const user of CONTROLLERS) file(`${user}.kubeconfig`, kubeconfig(SERVER, credentials(layout, user)));
  file('audit-policy.json', auditPolicy());
}

/** Writes the files that the components of a node read. Its certificates must be there. */
export function writeNodeConfiguration(node: NodeLayout): void {
  const file = fileIn(node.config);
  for (const user of AGENTS) file(`${user}.kubeconfig`, kubeconfig(SERVER, credentials(node, user)));
  const onOverlay = statfsSync(node.dir).type === OVERLAYFS_MAGIC;
  file('containerd.toml', containerdConfig(onOverlay ? 'native' : 'overlayfs', networkPlugins()));
  file('kubelet.json', kubeletConfig(node.cgroup));
  file('cni/10-chatcluster.conflist', podNetwork(node.pods));
  // Names outside the cluster do not resolve.
  file('resolv.conf', 'nameserver 127.0.0.1\n');
}

/**
 * Writes what people use on the host: the kubeconfig, and kubectl and helm, which take it unless KUBECONFIG is set.
 * @param port port of 127.0.0.1 where the API server is reached
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

function fileIn(dir: string) {
  return (name: string, content: string): void => {
    const file = join(dir, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: 0o600 });
  };
}

function credentials(node: NodeLayout, user: (typeof CONTROLLERS | typeof AGENTS)[number]) {
  const read = (name: string) => readFileSync(join(node.pki, name));
  return { ca: read('ca.crt'), certificate: read(`${user}.crt`), key: read(`${user}.key`) };
}
