import { ADMIN_PATHS, ENTRY, IMAGE_WORKDIR, PORTS } from '../../server/contract/ports.ts';
import { SETTINGS_DIR } from '../../server/contract/settings-files.ts';
import type { ChatCluster, Resources } from '../api/chat-cluster.ts';
import { amountOf } from '../api/quantity.ts';
import { type Component, childName, labels, selectorLabels } from './names.ts';
import { optionalSecretRefs, secretRefs } from './options.ts';
import { revisionOf } from './revision.ts';

/** Seconds the kubelet waits beyond the drain before it kills, for closing NATS and flushing logs. */
export const STOP_MARGIN_SECONDS = 10;
/** Part of the revision's pods: another name would roll every ChatCluster. */
const LIVE_VOLUME = 'live';
const MIB = 2 ** 20;

interface ContainerPort {
  readonly name: string;
  readonly containerPort: number;
  readonly protocol: 'TCP';
}
export const ADMIN_PORT: ContainerPort = { name: 'admin', containerPort: PORTS.admin, protocol: 'TCP' };

interface Timing {
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}
/** An HTTP probe of the container. */
export interface Probe extends Timing {
  readonly path: string;
  readonly port: 'admin' | 'client';
}
/** Timing of the readiness of every component. */
export const READINESS: Timing = { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 2 };
/** Follows the event loop alone: a process that does not reach NATS must not be restarted for that. */
const ALIVE = { path: ADMIN_PATHS.live, port: 'admin' } as const;

/** A variable of the container; without a value it is not set. */
export interface Variable {
  readonly name: string;
  readonly value?: string;
}

/** Parts in which the pods of one component differ from those of the others. Everything else in a pod template is the same. */
export interface PodShape {
  /** Names the container, the entry point in the image, and the part of the spec with resources and `podTemplate`. */
  readonly component: Component;
  readonly ports: readonly ContainerPort[];
  /** Seconds from the request to stop until the kubelet kills. */
  readonly graceSeconds: (cluster: ChatCluster) => number;
  /**
   * Share of the memory limit that the heap of JavaScript may take, from 0 to 1. By default Node.js chooses by its version, and
   * an outgrown limit ends in a kill without a message, an outgrown heap with a stack trace.
   */
  readonly heapShare: number;
  readonly readiness: Probe;
  /** Labels of the pod beside those that all components have. */
  readonly labels: (revision: string) => Readonly<Record<string, string>>;
  /** Annotations of the pod beside those of the spec. */
  readonly annotations: (cluster: ChatCluster) => Readonly<Record<string, string>>;
  /** Variables between the limit of the heap and the Secrets. */
  readonly variables: (cluster: ChatCluster) => readonly Variable[];
  /** Name of a ConfigMap whose data are variables too; undefined for none. */
  readonly variablesFrom: (cluster: ChatCluster, revision: string) => string | undefined;
  /** Sources of the volume of files that the process reloads, before its Secrets. */
  readonly files: (cluster: ChatCluster) => readonly object[];
}

function heapLimit({ spec }: ChatCluster, { component, heapShare }: PodShape): Variable[] {
  const limit = amountOf(spec[component].resources.limits?.['memory'] ?? '');
  const mib = Math.floor(((limit ?? 0) * heapShare) / MIB);
  return mib > 0 ? [{ name: 'NODE_OPTIONS', value: `--max-old-space-size=${mib}` }] : [];
}

function env(cluster: ChatCluster, shape: PodShape): object[] {
  const secrets = secretRefs(cluster.spec, shape.component).map(({ env: name, name: secret, key }) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key } },
  }));
  return [...heapLimit(cluster, shape), ...shape.variables(cluster), ...secrets];
}

/** Volume with the files that a process reloads: its Secrets, and what else its shape names. */
function liveVolume(cluster: ChatCluster, { component, files }: PodShape): object {
  const secrets = [...secretRefs(cluster.spec, component), ...optionalSecretRefs(cluster.spec, component)];
  return {
    name: LIVE_VOLUME,
    projected: {
      sources: [
        ...files(cluster),
        // Optional: the container's variables report a missing Secret by name, a volume would only hang.
        ...secrets.map(({ env: path, name, key }) => ({ secret: { name, optional: true, items: [{ key, path }] } })),
      ],
    },
  };
}

function quantities(amounts: Resources['limits']): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts ?? {}).map(([name, amount]) => [name, String(amount)]));
}

function probe({ path, port, ...timing }: Probe): object {
  return { httpGet: { path, port, scheme: 'HTTP' }, ...timing };
}

function optional(name: string, value: unknown): object {
  return value === undefined ? {} : { [name]: value };
}

/** The pod template of a component's Deployment, as this version of the operator makes it. */
export function podTemplate(cluster: ChatCluster, shape: PodShape, image: string): object {
  const { name } = cluster.metadata;
  const { component } = shape;
  const { resources, podTemplate: extra } = cluster.spec[component];
  const { pullPolicy, pullSecrets } = cluster.spec.image;
  const selector = selectorLabels(name, component);
  const revision = revisionOf(cluster, component);
  const optionsFrom = shape.variablesFrom(cluster, revision);
  return {
    metadata: {
      labels: { ...extra.labels, ...labels(name, component), ...shape.labels(revision) },
      annotations: { ...extra.annotations, ...shape.annotations(cluster) },
    },
    spec: {
      serviceAccountName: cluster.spec.serviceAccountName ?? childName.serviceAccount(name),
      automountServiceAccountToken: false,
      // Service links would inject CHAT_PORT and the like for a Service called chat: unknown options to the processes.
      enableServiceLinks: false,
      terminationGracePeriodSeconds: shape.graceSeconds(cluster),
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      ...optional(
        'imagePullSecrets',
        pullSecrets?.map(secret => ({ name: secret.name })),
      ),
      ...optional('nodeSelector', extra.nodeSelector),
      ...optional('tolerations', extra.tolerations),
      ...optional('affinity', extra.affinity),
      ...optional('priorityClassName', extra.priorityClassName),
      volumes: [liveVolume(cluster, shape)],
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
          ...(optionsFrom === undefined ? {} : { envFrom: [{ configMapRef: { name: optionsFrom } }] }),
          volumeMounts: [{ name: LIVE_VOLUME, mountPath: SETTINGS_DIR, readOnly: true }],
          env: env(cluster, shape),
          ports: shape.ports,
          startupProbe: probe({ ...ALIVE, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 }),
          livenessProbe: probe({ ...ALIVE, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }),
          readinessProbe: probe(shape.readiness),
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
