import { OPTIONS } from '../../server/contract/options.ts';
import { ADMIN_PATHS, CLIENT_PATHS, ENTRY, IMAGE_WORKDIR, PORTS } from '../../server/contract/ports.ts';
import { SETTINGS_DIR, SETTINGS_FILES } from '../../server/contract/settings-files.ts';
import type { ChatCluster, Resources } from '../api/chat-cluster.ts';
import { amountOf } from '../api/quantity.ts';
import {
  ACCEPT,
  CLIENTS_LABEL,
  type Component,
  childName,
  instanceOf,
  labels,
  OPTIONS_ANNOTATION,
  REVISION_LABEL,
  selectorLabels,
  specVersionOf,
} from './names.ts';
import { liveOptions, optionalSecretRefs, secretRefs, startEnv } from './options.ts';
import { revisionOf } from './revision.ts';

/** Seconds the kubelet waits beyond the drain before it kills, for closing NATS and flushing logs. */
const STOP_MARGIN_SECONDS = 10;
const WORKER_GRACE_SECONDS = 30;
const LIVE_VOLUME = 'live';

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

/**
 * Share of the memory limit that the heap of JavaScript may take. The limit holds for the rest as well: program and stacks, what
 * waits in a gateway's sockets (`limits.sendBufferTotalBytes`) and their memory in the kernel, the batches of a worker. By itself
 * Node.js takes what the version thinks fit, and an outgrown limit ends in a kill without a word, an outgrown heap with a stack.
 */
const HEAP_SHARE: Readonly<Record<Component, number>> = { gateway: 0.5, worker: 0.7 };
const MIB = 2 ** 20;

function heapLimit({ spec }: ChatCluster, component: Component): object[] {
  const limit = amountOf(spec[component].resources.limits?.['memory'] ?? '');
  const mib = Math.floor(((limit ?? 0) * HEAP_SHARE[component]) / MIB);
  return mib > 0 ? [{ name: 'NODE_OPTIONS', value: `--max-old-space-size=${mib}` }] : [];
}

function env(cluster: ChatCluster, component: Component): object[] {
  const secrets = secretRefs(cluster.spec, component).map(({ env: name, name: secret, key }) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key } },
  }));
  const heap = heapLimit(cluster, component);
  const instance = { name: OPTIONS.instance.env, value: instanceOf(cluster) };
  const live = { name: OPTIONS.liveDir.env, value: SETTINGS_DIR };
  if (component === 'worker') {
    const version = { name: OPTIONS.specVersion.env, value: specVersionOf(cluster) };
    return [...heap, instance, version, copies(cluster), live, ...secrets];
  }
  const started = Object.entries(startEnv(cluster, component)).map(([name, value]) => ({ name, value }));
  return [...heap, instance, ...started, live, ...secrets];
}

/**
 * How many servers keep a stream. In the template, not among the options of the revision: there 1 is as good as nothing, as it was
 * when it was the default. Without a value it is not set.
 */
function copies({ spec }: ChatCluster): Variable {
  const { streamReplicas } = spec.messages;
  return { name: OPTIONS.streamReplicas.env, ...(streamReplicas ? { value: String(streamReplicas) } : {}) };
}

/** True unless `template`, of the workers, was made for another `messages.streamReplicas`. Operators before it was there made none. */
export function hasCopiesOf(cluster: ChatCluster, template: object | undefined): boolean {
  const [container] =
    (template as { spec?: { containers?: readonly { env?: readonly Variable[] }[] } })?.spec?.containers ?? [];
  const wanted = copies(cluster);
  const made = container?.env?.find(({ name }) => name === wanted.name);
  return made === undefined || made.value === wanted.value;
}

interface Variable {
  readonly name: string;
  readonly value?: string;
}

/** Files that a process follows while it runs: its Secrets, and a gateway its annotations and live options too. */
function liveVolume(cluster: ChatCluster, component: Component): object {
  const annotations = { path: SETTINGS_FILES.annotations, fieldRef: { fieldPath: 'metadata.annotations' } };
  const own = [
    { downwardAPI: { items: [annotations] } },
    { configMap: { name: childName.liveOptions(cluster.metadata.name) } },
  ];
  const secrets = [
    ...secretRefs(cluster.spec, component),
    ...(component === 'gateway' ? optionalSecretRefs(cluster.spec) : []),
  ];
  return {
    name: LIVE_VOLUME,
    projected: {
      sources: [
        ...(component === 'gateway' ? own : []),
        // Optional, because a missing one is told by the container's variables: a volume only hangs.
        ...secrets.map(({ env: path, name, key }) => ({ secret: { name, optional: true, items: [{ key, path }] } })),
      ],
    },
  };
}

function quantities(amounts: Resources['limits']): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts ?? {}).map(([name, amount]) => [name, String(amount)]));
}

function probe(path: string, settings: object, port: 'admin' | 'client' = 'admin'): object {
  return { httpGet: { path, port, scheme: 'HTTP' }, ...settings };
}

/** A gateway is asked where clients come in: the admin port would answer although nobody reaches the other one. */
function readiness(component: Component): object {
  const settings = { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 2 };
  return component === 'gateway' ? probe(CLIENT_PATHS.ready, settings, 'client') : probe(ADMIN_PATHS.ready, settings);
}

function optional(name: string, value: unknown): object {
  return value === undefined ? {} : { [name]: value };
}

/** Annotation that makes the kubelet refresh the options of a running gateway. */
function version(cluster: ChatCluster, component: Component): Record<string, string> {
  return component === 'worker' ? {} : { [OPTIONS_ANNOTATION]: liveOptions(cluster)[SETTINGS_FILES.version] ?? '' };
}

/** The pod template of a component's Deployment, as this version of the operator makes it. */
export function podTemplate(cluster: ChatCluster, component: Component, image: string): object {
  const { name } = cluster.metadata;
  const { resources, podTemplate: extra } = cluster.spec[component];
  const { pullPolicy, pullSecrets } = cluster.spec.image;
  const settings = SETTINGS[component];
  const selector = selectorLabels(name, component);
  const revision = revisionOf(cluster, component);
  // A new gateway takes clients also while no operator runs.
  const gatewayLabels = component === 'gateway' ? { [REVISION_LABEL]: revision, [CLIENTS_LABEL]: ACCEPT } : {};
  return {
    metadata: {
      labels: { ...extra.labels, ...labels(name, component), ...gatewayLabels },
      annotations: { ...extra.annotations, ...version(cluster, component) },
    },
    spec: {
      serviceAccountName: cluster.spec.serviceAccountName ?? childName.serviceAccount(name),
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
      volumes: [liveVolume(cluster, component)],
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
          ...(component === 'worker'
            ? { envFrom: [{ configMapRef: { name: childName.workerOptions(name, revision) } }] }
            : {}),
          volumeMounts: [{ name: LIVE_VOLUME, mountPath: SETTINGS_DIR, readOnly: true }],
          env: env(cluster, component),
          ports: settings.ports,
          // Liveness follows the event loop alone: a process whose NATS is away must not be restarted.
          startupProbe: probe(ADMIN_PATHS.live, { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 }),
          livenessProbe: probe(ADMIN_PATHS.live, { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }),
          readinessProbe: readiness(component),
          // The operator has no right to read logs; the end of one that failed is in the pod's status with this.
          terminationMessagePolicy: 'FallbackToLogsOnError',
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
