/** The files the components read, as text. Pure; paths are the ones inside the namespaces. */
import { INSIDE, NETWORK } from './layout.ts';

const PKI = `${INSIDE.state}/pki`;

export interface Credentials {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** @param server URL of the API server, as its reader sees it */
export function kubeconfig(server: string, { ca, certificate, key }: Credentials): string {
  return json({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'chatcluster',
    contexts: [{ name: 'chatcluster', context: { cluster: 'chatcluster', user: 'chatcluster' } }],
    clusters: [{ name: 'chatcluster', cluster: { server, 'certificate-authority-data': ca.toString('base64') } }],
    users: [
      {
        name: 'chatcluster',
        user: {
          'client-certificate-data': certificate.toString('base64'),
          'client-key-data': key.toString('base64'),
        },
      },
    ],
  });
}

/** Audit policy that records user, verb and object without bodies: enough to count an operator's writes. */
export function auditPolicy(): string {
  return json({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [
      { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/openapi*', '/api*'] },
      { level: 'Metadata' },
    ],
  });
}

export function kubeletConfig(cgroup: string): string {
  return json({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${INSIDE.containerd}`,
    clusterDNS: [NETWORK.dns],
    clusterDomain: 'cluster.local',
    resolvConf: `${INSIDE.state}/config/resolv.conf`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${PKI}/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: `${PKI}/kubelet.crt`,
    tlsPrivateKeyFile: `${PKI}/kubelet.key`,
    // Hosts with either version of cgroups, whose systemd is left out of it.
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    // The host's disk is not the cluster's to watch: it would evict pods, and remove images that cannot be pulled again.
    localStorageCapacityIsolation: false,
    evictionHard: { 'memory.available': '100Mi' },
    imageGCHighThresholdPercent: 100,
    maxPods: 200,
  });
}

/** @param snapshotter `overlayfs`, or `native` where the state lies on an overlay itself */
export function containerdConfig(snapshotter: 'overlayfs' | 'native', pluginDir: string): string {
  return `version = 2
[grpc]
  address = "${INSIDE.containerd}"
[plugins."io.containerd.grpc.v1.cri"]
  # Lowering a score needs CAP_SYS_RESOURCE, which a container that runs this cluster may lack.
  restrict_oom_score_adj = true
  sandbox_image = "${PAUSE_IMAGE}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${snapshotter}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${pluginDir}"
    conf_dir = "${INSIDE.state}/config/cni"
`;
}

export const PAUSE_IMAGE = 'localhost/pause:1';

/**
 * Point-to-point links: everything between pods is routed, so that Services need no firewall on a bridge.
 * @param pods subnet of the node's pods
 */
export function podNetwork(pods: string): string {
  return json({
    cniVersion: '1.0.0',
    name: 'chatcluster',
    plugins: [
      {
        type: 'ptp',
        ipam: { type: 'host-local', ranges: [[{ subnet: pods }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
