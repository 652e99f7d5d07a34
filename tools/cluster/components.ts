/** The processes of the cluster, in the order of their start. Pure; paths are the ones inside the namespaces. */
import { FIRST_NODE, INSIDE, NETWORK, type NodeIdentity } from './layout.ts';

export interface Component {
  readonly name: string;
  readonly command: readonly string[];
  /** Answers on its node with exit code 0 once it works; the next one starts then. None: the next one does not wait. */
  readonly ready?: readonly string[];
}

const { state, bin, containerd } = INSIDE;
const PKI = `${state}/pki`;
const CONFIG = `${state}/config`;
const ETCD = 'http://127.0.0.1:2379';

const flags = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);

/** Command line of kubectl as the cluster's administrator, on the first node. */
export const kubectlInside = [`${bin}/kubectl`, `--kubeconfig=${CONFIG}/admin.kubeconfig`] as const;

/** Container runtime of every node. */
export const CONTAINERD: Component = {
  name: 'containerd',
  command: ['containerd', '-c', `${CONFIG}/containerd.toml`],
  ready: ['ctr', '--address', containerd, 'version'],
};

/** Components of the first node. */
export const CONTROL_PLANE: readonly Component[] = [
  {
    name: 'etcd',
    command: [
      `${bin}/etcd`,
      ...flags({
        'data-dir': `${state}/etcd`,
        'listen-client-urls': ETCD,
        'advertise-client-urls': ETCD,
        'listen-peer-urls': 'http://127.0.0.1:2380',
        // The cluster does not outlive its stop.
        'unsafe-no-fsync': 'true',
      }),
    ],
  },
  {
    name: 'apiserver',
    command: [
      `${bin}/kube-apiserver`,
      ...flags({
        'etcd-servers': ETCD,
        'advertise-address': FIRST_NODE.address,
        'service-cluster-ip-range': NETWORK.services,
        'authorization-mode': 'Node,RBAC',
        'enable-admission-plugins': 'NodeRestriction',
        'allow-privileged': 'true',
        'client-ca-file': `${PKI}/ca.crt`,
        'tls-cert-file': `${PKI}/apiserver.crt`,
        'tls-private-key-file': `${PKI}/apiserver.key`,
        'service-account-issuer': 'https://kubernetes.default.svc',
        'service-account-key-file': `${PKI}/service-account.pub`,
        'service-account-signing-key-file': `${PKI}/service-account.key`,
        'kubelet-client-certificate': `${PKI}/apiserver-kubelet.crt`,
        'kubelet-client-key': `${PKI}/apiserver-kubelet.key`,
        'kubelet-certificate-authority': `${PKI}/ca.crt`,
        'kubelet-preferred-address-types': 'InternalIP',
        'requestheader-client-ca-file': `${PKI}/front-proxy-ca.crt`,
        'requestheader-allowed-names': 'front-proxy-client',
        'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
        'requestheader-group-headers': 'X-Remote-Group',
        'requestheader-username-headers': 'X-Remote-User',
        'proxy-client-cert-file': `${PKI}/front-proxy.crt`,
        'proxy-client-key-file': `${PKI}/front-proxy.key`,
        'audit-policy-file': `${CONFIG}/audit-policy.json`,
        'audit-log-path': `${state}/log/audit.log`,
        'audit-log-maxsize': '200',
        'audit-log-maxbackup': '2',
      }),
    ],
    ready: [...kubectlInside, 'get', '--raw', '/readyz'],
  },
  {
    // Only now: it ends when it cannot read the API server's configuration.
    name: 'controller-manager',
    command: [
      `${bin}/kube-controller-manager`,
      ...flags({
        kubeconfig: `${CONFIG}/controller-manager.kubeconfig`,
        'authentication-kubeconfig': `${CONFIG}/controller-manager.kubeconfig`,
        'authorization-kubeconfig': `${CONFIG}/controller-manager.kubeconfig`,
        'service-account-private-key-file': `${PKI}/service-account.key`,
        'root-ca-file': `${PKI}/ca.crt`,
        'cluster-signing-cert-file': `${PKI}/ca.crt`,
        'cluster-signing-key-file': `${PKI}/ca.key`,
        'use-service-account-credentials': 'true',
        'leader-elect': 'false',
        // By default an autoscaler looks every 15 s and disregards what a new pod uses for minutes.
        'horizontal-pod-autoscaler-sync-period': '5s',
        'horizontal-pod-autoscaler-initial-readiness-delay': '5s',
        'horizontal-pod-autoscaler-cpu-initialization-period': '10s',
      }),
    ],
  },
  {
    name: 'scheduler',
    command: [
      `${bin}/kube-scheduler`,
      ...flags({ kubeconfig: `${CONFIG}/scheduler.kubeconfig`, 'leader-elect': 'false' }),
    ],
  },
];

/** Components of every node, started once there is a control plane. The kubelet works when the API server calls its node ready. */
export function nodeAgents(node: NodeIdentity): readonly Component[] {
  return [
    {
      name: 'kubelet',
      command: [
        `${bin}/kubelet`,
        ...flags({
          config: `${CONFIG}/kubelet.json`,
          kubeconfig: `${CONFIG}/kubelet.kubeconfig`,
          'hostname-override': node.name,
          'node-ip': node.address,
        }),
      ],
    },
    {
      // After the kubelet: it waits for its Node.
      name: 'kube-proxy',
      command: [
        `${bin}/kube-proxy`,
        ...flags({
          kubeconfig: `${CONFIG}/proxy.kubeconfig`,
          'hostname-override': node.name,
          'cluster-cidr': NETWORK.pods,
          'proxy-mode': 'iptables',
          // That limit belongs to the whole machine and cannot be written from here.
          'conntrack-max-per-core': '0',
        }),
      ],
      // It is well once it has written its rules.
      ready: [
        `${bin}/kubectl`,
        '--kubeconfig=/dev/null',
        '--server=http://127.0.0.1:10256',
        'get',
        '--raw',
        '/healthz',
      ],
    },
  ];
}

/** Client of containerd, in the name space of Kubernetes' images. */
export const ctr = ['ctr', '--address', containerd, '--namespace', 'k8s.io'] as const;
