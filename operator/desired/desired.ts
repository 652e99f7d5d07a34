import { PORTS } from '../../server/contract/ports.ts';
import type { ChatCluster } from '../api/chat-cluster.ts';
import { isServing } from '../api/serving.ts';
import { type AddressFamily, addressFamilies } from './address-families.ts';
import { child, type DesiredObject, labelled } from './child.ts';
import {
  ACCEPT,
  CLIENTS_LABEL,
  type Component,
  childName,
  hasClientsLabel,
  IDENTITY_ANNOTATION,
  identityOf,
  MOVED_ANNOTATION,
  REVISION_ANNOTATION,
  STOPPED_ANNOTATION,
  selectorLabels,
  servingLabels,
  TARGETED_ANNOTATION,
  TEMPLATE_ANNOTATION,
  WORKERS_BEFORE_ANNOTATION,
} from './names.ts';
import { liveOptions, sharedWorkerEnv, startEnv } from './options.ts';
import { podTemplate } from './pod-template.ts';
import { revisionOf } from './revision.ts';
import { optionsIn } from './worker-options.ts';

/** A Deployment of gateways there should be. */
export interface WantedRevision {
  readonly revision: string;
  readonly replicas: number;
  /** When its revision became the wanted one. */
  readonly targetedAt: Date;
  /** Why its rollout was stopped; empty when it was not. */
  readonly stopped: string;
  /** What the workers ran before it, to be taken back to; empty if they do not change with it. */
  readonly workersBefore: string;
  /** The pod template as it was made; undefined when this operator is to make it. */
  readonly template: object | undefined;
}

/** What the spec leaves to the operator. */
export interface Choices {
  /** Image of a ChatCluster that names none. */
  readonly defaultImage: string;
  readonly revisions: readonly WantedRevision[];
  /** Revision the client Service selects, or `*`. */
  readonly serving: string;
  /** When the Service was last moved from one revision to another; 1970 for never. */
  readonly servingSince: Date;
  /** First address family of the Services there are, by name. */
  readonly firstFamilies: ReadonlyMap<string, AddressFamily>;
  readonly workers: {
    /** Always sent, because an apply without `replicas` would reset it to 1. */
    readonly replicas: number;
    /** As a rule that of the spec. */
    readonly revision: string;
    /** The pod template as it was made; undefined when this operator is to make it. */
    readonly template: object | undefined;
    /** Variables in the ConfigMap that the workers of all revisions shared. */
    readonly shared: ReadonlySet<string>;
  };
}

export function imageOf(cluster: ChatCluster, choices: Pick<Choices, 'defaultImage'>): string {
  return cluster.spec.image.reference ?? choices.defaultImage;
}

/** None where the spec names one. */
function serviceAccount(cluster: ChatCluster): DesiredObject[] {
  if (cluster.spec.serviceAccountName !== undefined) return [];
  const name = childName.serviceAccount(cluster.metadata.name);
  return [child(cluster, { apiVersion: 'v1', kind: 'ServiceAccount', name, automountServiceAccountToken: false })];
}

function gatewayOptions(cluster: ChatCluster): DesiredObject {
  const identity = identityOf(cluster);
  return child(
    cluster,
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: childName.liveOptions(cluster.metadata.name),
      component: 'gateway',
      data: liveOptions(cluster),
    },
    identity === undefined ? {} : { [IDENTITY_ANNOTATION]: identity },
  );
}

/**
 * The ConfigMap that the template of the workers reads: the one of its revision, or the one that an older operator made for
 * all of them. That one takes on no option it does not have, because no revision says that the image knows it.
 */
function workerOptions(cluster: ChatCluster, { revision, template, shared }: Choices['workers']): DesiredObject[] {
  const { name } = cluster.metadata;
  const map = { apiVersion: 'v1', kind: 'ConfigMap', component: 'worker' } as const;
  if (template !== undefined && optionsIn(template) === childName.sharedWorkerOptions(name))
    return [
      child(cluster, {
        ...map,
        name: childName.sharedWorkerOptions(name),
        data: sharedWorkerEnv(cluster, shared),
      }),
    ];
  // Of another revision the spec does not say what was in it: it is kept as it is.
  if (revision !== revisionOf(cluster, 'worker')) return [];
  const made = child(cluster, {
    ...map,
    name: childName.workerOptions(name, revision),
    data: startEnv(cluster, 'worker'),
    immutable: true,
  });
  return [labelled(made, revision)];
}

/** What both Deployments have. The template never changes while the Deployment's revision does not. */
function deployment(
  cluster: ChatCluster,
  component: Component,
  body: { name: string; spec: object; template: object; annotations: Readonly<Record<string, string>> },
): DesiredObject {
  const { name, spec, template, annotations } = body;
  return child(
    cluster,
    { apiVersion: 'apps/v1', kind: 'Deployment', name, component, spec: { ...spec, template } },
    { ...annotations, [TEMPLATE_ANNOTATION]: JSON.stringify(template) },
  );
}

function workers(
  cluster: ChatCluster,
  { workers: { replicas, revision, template }, defaultImage }: Choices,
): DesiredObject {
  const { name } = cluster.metadata;
  return deployment(cluster, 'worker', {
    name: childName.workers(name),
    spec: {
      replicas,
      revisionHistoryLimit: 3,
      selector: { matchLabels: selectorLabels(name, 'worker') },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    },
    template: template ?? podTemplate(cluster, 'worker', imageOf(cluster, { defaultImage })),
    annotations: { [REVISION_ANNOTATION]: revision },
  });
}

function templateOf(cluster: ChatCluster, { template }: WantedRevision, { defaultImage }: Choices): object {
  return template ?? podTemplate(cluster, 'gateway', imageOf(cluster, { defaultImage }));
}

function gateways(cluster: ChatCluster, wanted: WantedRevision, choices: Choices): DesiredObject {
  const { name } = cluster.metadata;
  const { revision, replicas, targetedAt, stopped, workersBefore } = wanted;
  const made = deployment(cluster, 'gateway', {
    name: childName.gateways(name, revision),
    spec: {
      replicas,
      revisionHistoryLimit: 0,
      selector: { matchLabels: servingLabels(name, revision) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    },
    template: templateOf(cluster, wanted, choices),
    annotations: {
      [TARGETED_ANNOTATION]: targetedAt.toISOString(),
      ...(stopped === '' ? {} : { [STOPPED_ANNOTATION]: stopped }),
      ...(workersBefore === '' ? {} : { [WORKERS_BEFORE_ANNOTATION]: workersBefore }),
    },
  });
  return labelled(made, revision);
}

/**
 * The Service of the clients: ready gateways of the revision that serves, of those the ones that are to take clients. Where
 * pods come without the label, because an older operator wrote their template, it is not asked for: a gateway that is to take
 * nobody turns NotReady there.
 */
function clientService(cluster: ChatCluster, choices: Choices): DesiredObject {
  const { name } = cluster.metadata;
  const { serving, servingSince } = choices;
  const labelled = choices.revisions
    .filter(wanted => isServing(wanted, serving))
    .every(wanted => hasClientsLabel(templateOf(cluster, wanted, choices)));
  const { type, port, annotations } = cluster.spec.service;
  return child(
    cluster,
    {
      apiVersion: 'v1',
      kind: 'Service',
      name: childName.clientService(name),
      component: 'gateway',
      spec: {
        type,
        ...addressFamilies(cluster, choices.firstFamilies.get(childName.clientService(name))),
        selector: { ...servingLabels(name, serving), ...(labelled ? { [CLIENTS_LABEL]: ACCEPT } : {}) },
        ports: [{ name: 'client', port, targetPort: 'client', protocol: 'TCP', appProtocol: 'http' }],
      },
    },
    { ...annotations, ...(servingSince.getTime() > 0 ? { [MOVED_ANNOTATION]: servingSince.toISOString() } : {}) },
  );
}

/**
 * One gateway of each revision at a time is evicted, whether it takes clients or is being emptied of them, and one that is not
 * ready at any time: it starts, or ends. The revisions of a rollout have a budget each: in one for both, new gateways that are
 * not ready yet would use up what lets a node with old ones be drained.
 */
function disruptionBudget(cluster: ChatCluster, { revision }: WantedRevision): DesiredObject {
  const { name } = cluster.metadata;
  const budget = child(cluster, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    name: childName.disruptionBudget(name, revision),
    component: 'gateway',
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: servingLabels(name, revision) },
    },
  });
  return labelled(budget, revision);
}

/**
 * A Service over all gateways, ready or not, for as long as they live. Proxies such as Cilium's cut the connections of
 * a backend that leaves its last Service; through this one a draining gateway stays a backend.
 */
function gatewaysService(cluster: ChatCluster, { firstFamilies }: Choices): DesiredObject {
  const { name } = cluster.metadata;
  return child(cluster, {
    apiVersion: 'v1',
    kind: 'Service',
    name: childName.gatewaysService(name),
    component: 'gateway',
    spec: {
      type: 'ClusterIP',
      ...addressFamilies(cluster, firstFamilies.get(childName.gatewaysService(name))),
      publishNotReadyAddresses: true,
      selector: selectorLabels(name, 'gateway'),
      ports: [{ name: 'client', port: PORTS.client, targetPort: 'client', protocol: 'TCP', appProtocol: 'http' }],
    },
  });
}

/**
 * All children of a ChatCluster, in the order they are written: what pods refer to comes before the pods, gateways before
 * workers.
 * Secrets are never among them: the operator has no right to read or write one.
 */
export function desired(cluster: ChatCluster, choices: Choices): DesiredObject[] {
  return [
    ...serviceAccount(cluster),
    gatewayOptions(cluster),
    gatewaysService(cluster, choices),
    ...choices.revisions.map(revision => gateways(cluster, revision, choices)),
    clientService(cluster, choices),
    ...choices.revisions.map(revision => disruptionBudget(cluster, revision)),
    ...workerOptions(cluster, choices.workers),
    workers(cluster, choices),
  ];
}
