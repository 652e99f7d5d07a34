import { ADMIN_PATHS, ENTRY, IMAGE_WORKDIR, PORTS } from '../../server/contract.ts';
import type { ChatCluster, Resources } from '../api/chat-cluster.ts';
import { CONFIG_HASH, type Component, childName, labels, selectorLabels } from './names.ts';
import { hashOf, processEnv, SECRET_ENV } from './options.ts';

/** Seconds the kubelet waits beyond the drain before it kills, for closing NATS and flushing logs. */
const STOP_MARGIN_SECONDS = 10;
const WORKER_GRACE_SECONDS = 30;

interface ComponentSettings {
  readonly ports: readonly { readonly name: string; readonly containerPort: number; readonly protocol: 'TCP' }[];
  readonly graceSeconds: (cluster: ChatCluster) => number;
}

const admin = { name: 'admin', containerPort: PORTS.admin, protocol: 'TCP' } as const;
const SETTINGS: Record<Component, ComponentSettings> = {
  gateway: {
    ports: [{ name: 'client', containerPort: PORTS.client, protocol: 'TCP' }, admin],
    graceSeconds: ({ spec }) =>
      spec.gateway.drain.delaySeconds + spec.gateway.drain.timeoutSeconds + STOP_MARGIN_SECONDS,
  },
  worker: { ports: [admin], graceSeconds: () => WORKER_GRACE_SECONDS },
};

function secretEnv({ spec }: ChatCluster, component: Component): object[] {
  const from = (name: string, secret: string, key: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key } },
  });
  const { credentialsSecretRef: nats } = spec.nats;
  const { uriSecretRef: mongodb } = spec.mongodb;
  return [
    from(SECRET_ENV.mongodbUri, mongodb.name, mongodb.key),
    ...(nats
      ? [from(SECRET_ENV.natsUser, nats.name, nats.userKey), from(SECRET_ENV.natsPassword, nats.name, nats.passwordKey)]
      : []),
    ...(component === 'gateway'
      ? [from(SECRET_ENV.authSecret, spec.auth.secretRef.name, spec.auth.secretRef.key)]
      : []),
  ];
}

function quantities(amounts: Resources['limits']): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts ?? {}).map(([name, amount]) => [name, String(amount)]));
}

function probe(path: string, settings: object): object {
  return { httpGet: { path, port: 'admin', scheme: 'HTTP' }, ...settings };
}

function optional(name: string, value: unknown): object {
  return value === undefined ? {} : { [name]: value };
}

/** The pod template of a component's Deployment. */
export function podTemplate(cluster: ChatCluster, component: Component, image: string): object {
  const { name } = cluster.metadata;
  const { resources, podTemplate: extra } = cluster.spec[component];
  const { pullPolicy, pullSecrets } = cluster.spec.image;
  const settings = SETTINGS[component];
  const selector = selectorLabels(name, component);
  return {
    metadata: {
      labels: { ...extra.labels, ...labels(name, component) },
      annotations: { ...extra.annotations, [CONFIG_HASH]: hashOf(processEnv(cluster, component)) },
    },
    spec: {
      serviceAccountName: childName.serviceAccount(name),
      automountServiceAccountToken: false,
      // Service links would inject CHAT_PORT and the like for a Service called chat: unknown options to the processes.
      enableServiceLinks: false,
      terminationGracePeriodSeconds: settings.graceSeconds(cluster),
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      ...optional(
        'imagePullSecrets',
        pullSecrets?.map(secret => ({ name: secret.name })),
      ),
      ...optional('nodeSelector', extra.nodeSelector),
      ...optional('tolerations', extra.tolerations),
      ...optional('affinity', extra.affinity),
      ...optional('priorityClassName', extra.priorityClassName),
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: selector },
          matchLabelKeys: ['pod-template-hash'],
        },
      ],
      containers: [
        {
          name: component,
          image,
          imagePullPolicy: pullPolicy,
          workingDir: IMAGE_WORKDIR,
          command: ['node', ENTRY[component]],
          envFrom: [{ configMapRef: { name: childName.configMap(name, component) } }],
          env: secretEnv(cluster, component),
          ports: settings.ports,
          // Liveness follows the event loop alone: a process whose NATS is away must not be restarted.
          startupProbe: probe(ADMIN_PATHS.live, { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 }),
          livenessProbe: probe(ADMIN_PATHS.live, { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }),
          readinessProbe: probe(ADMIN_PATHS.ready, { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 }),
          resources: { requests: quantities(resources.requests), limits: quantities(resources.limits) },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  };
}
