import { PORTS } from '../../server/contract.ts';
import { API_VERSION, type ChatCluster, KIND } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { APPLIED_HASH, type Component, childName, labels, selectorLabels } from './names.ts';
import { hashOf, processEnv } from './options.ts';
import { podTemplate } from './pod-template.ts';

/** What the spec leaves to the operator. */
export interface Choices {
  /** Gateways to run now. Always sent, because an apply without `replicas` would reset it to 1. */
  readonly gatewayReplicas: number;
  /** Image of a ChatCluster that names none. */
  readonly defaultImage: string;
}

export interface DesiredObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly namespace: string };
}

export function imageOf(cluster: ChatCluster, choices: Pick<Choices, 'defaultImage'>): string {
  return cluster.spec.image.reference ?? choices.defaultImage;
}

type Body = Omit<DesiredObject, 'metadata'> & { readonly component?: Component; readonly name: string } & Record<
    string,
    unknown
  >;

function child(cluster: ChatCluster, body: Body, annotations: Readonly<Record<string, string>> = {}): DesiredObject {
  const { apiVersion, kind, name, component, ...rest } = body;
  const object = {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace: cluster.metadata.namespace,
      labels: labels(cluster.metadata.name, component),
      annotations,
      ownerReferences: [
        {
          apiVersion: API_VERSION,
          kind: KIND,
          name: cluster.metadata.name,
          uid: cluster.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    ...rest,
  };
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [APPLIED_HASH]: hashOf(object) } },
  };
}

function configMap(cluster: ChatCluster, component: Component): DesiredObject {
  return child(cluster, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: childName.configMap(cluster.metadata.name, component),
    component,
    data: processEnv(cluster, component),
  });
}

function deployment(cluster: ChatCluster, component: Component, replicas: number, image: string): DesiredObject {
  const { name } = cluster.metadata;
  return child(cluster, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: childName.deployment(name, component),
    component,
    spec: {
      replicas,
      revisionHistoryLimit: 3,
      selector: { matchLabels: selectorLabels(name, component) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: podTemplate(cluster, component, image),
    },
  });
}

/** The Service of the clients: ready gateways only. */
function clientService(cluster: ChatCluster): DesiredObject {
  const { name } = cluster.metadata;
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
        selector: selectorLabels(name, 'gateway'),
        ports: [{ name: 'client', port, targetPort: 'client', protocol: 'TCP', appProtocol: 'http' }],
      },
    },
    annotations,
  );
}

/**
 * A Service over all gateways, ready or not, for as long as they live. Proxies such as Cilium's cut the connections of
 * a backend that leaves its last Service; through this one a draining gateway stays a backend.
 */
function gatewaysService(cluster: ChatCluster): DesiredObject {
  const { name } = cluster.metadata;
  return child(cluster, {
    apiVersion: 'v1',
    kind: 'Service',
    name: childName.gatewaysService(name),
    component: 'gateway',
    spec: {
      type: 'ClusterIP',
      publishNotReadyAddresses: true,
      selector: selectorLabels(name, 'gateway'),
      ports: [{ name: 'client', port: PORTS.client, targetPort: 'client', protocol: 'TCP', appProtocol: 'http' }],
    },
  });
}

/**
 * All children of a ChatCluster, in the order they are written: what pods refer to comes before the pods.
 * Secrets are never among them: the operator has no right to read or write one.
 */
export function desired(cluster: ChatCluster, choices: Choices): DesiredObject[] {
  const image = imageOf(cluster, choices);
  return [
    child(cluster, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      name: childName.serviceAccount(cluster.metadata.name),
      automountServiceAccountToken: false,
    }),
    configMap(cluster, 'gateway'),
    configMap(cluster, 'worker'),
    gatewaysService(cluster),
    clientService(cluster),
    deployment(cluster, 'worker', cluster.spec.worker.replicas, image),
    deployment(cluster, 'gateway', choices.gatewayReplicas, image),
  ];
}
