/** Gateways: their pods, the Deployment of each revision, and the options they reload. */

import { OPTIONS } from '../../server/contract/options.ts';
import { CLIENT_PATHS, PORTS } from '../../server/contract/ports.ts';
import { SETTINGS_DIR, SETTINGS_FILES } from '../../server/contract/settings-files.ts';
import type { ChatCluster } from '../api/chat-cluster.ts';
import { child, labelled } from './child.ts';
import { type Builder, type Choices, imageOf, type WantedRevision } from './choices.ts';
import { deployment } from './deployment.ts';
import {
  ACCEPT,
  CLIENTS_LABEL,
  childName,
  IDENTITY_ANNOTATION,
  identityOf,
  instanceOf,
  OPTIONS_ANNOTATION,
  REVISION_LABEL,
  STOPPED_ANNOTATION,
  servingLabels,
  TARGETED_ANNOTATION,
  WORKERS_BEFORE_ANNOTATION,
} from './names.ts';
import { reloadableOptions, startEnv } from './options.ts';
import { ADMIN_PORT, type PodShape, podTemplate, READINESS, STOP_MARGIN_SECONDS } from './pod-template.ts';

/** A gateway's pod. */
export const GATEWAY: PodShape = {
  component: 'gateway',
  ports: [{ name: 'client', containerPort: PORTS.client, protocol: 'TCP' }, ADMIN_PORT],
  graceSeconds: ({ spec }) => spec.gateway.drain.delaySeconds + spec.gateway.drain.timeoutSeconds + STOP_MARGIN_SECONDS,
  // The rest of the memory limit holds what waits in its sockets (`limits.sendBufferTotalBytes`) and their memory in the kernel.
  heapShare: 0.5,
  // Asked where clients come in: the admin port would answer although no client reaches the other one.
  readiness: { path: CLIENT_PATHS.ready, port: 'client', ...READINESS },
  // With the label a new gateway takes clients also while no operator runs.
  labels: revision => ({ [REVISION_LABEL]: revision, [CLIENTS_LABEL]: ACCEPT }),
  // A change of it makes the kubelet refresh the options of a running gateway.
  annotations: cluster => ({ [OPTIONS_ANNOTATION]: reloadableOptions(cluster)[SETTINGS_FILES.version] ?? '' }),
  variables: cluster => [
    { name: OPTIONS.instance.env, value: instanceOf(cluster) },
    ...Object.entries(startEnv(cluster, 'gateway')).map(([name, value]) => ({ name, value })),
    { name: OPTIONS.liveDir.env, value: SETTINGS_DIR },
  ],
  variablesFrom: () => undefined,
  files: ({ metadata: { name } }) => [
    { downwardAPI: { items: [{ path: SETTINGS_FILES.annotations, fieldRef: { fieldPath: 'metadata.annotations' } }] } },
    { configMap: { name: childName.reloadableOptions(name) } },
  ],
};

/** The ConfigMap that running gateways follow. It also carries the identity, which outlives the ChatCluster with it. */
export const gatewayOptions: Builder = cluster => {
  const identity = identityOf(cluster);
  const map = child(
    cluster,
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: childName.reloadableOptions(cluster.metadata.name),
      component: 'gateway',
      data: reloadableOptions(cluster),
    },
    identity === undefined ? {} : { [IDENTITY_ANNOTATION]: identity },
  );
  return [map];
};

/** The pod template of one revision: as it was made, or as this operator makes it. */
export function gatewayTemplate(
  cluster: ChatCluster,
  { template }: WantedRevision,
  choices: Pick<Choices, 'defaultImage'>,
): object {
  return template ?? podTemplate(cluster, GATEWAY, imageOf(cluster, choices));
}

/** A Deployment for each wanted revision. */
export const gateways: Builder = (cluster, choices) =>
  choices.revisions.map(wanted => {
    const { name } = cluster.metadata;
    const { revision, replicas, targetedAt, stopped, workersBefore } = wanted;
    const made = deployment(cluster, 'gateway', {
      name: childName.gateways(name, revision),
      replicas,
      revisionHistoryLimit: 0,
      matchLabels: servingLabels(name, revision),
      template: gatewayTemplate(cluster, wanted, choices),
      annotations: {
        [TARGETED_ANNOTATION]: targetedAt.toISOString(),
        ...(stopped === '' ? {} : { [STOPPED_ANNOTATION]: stopped }),
        ...(workersBefore === '' ? {} : { [WORKERS_BEFORE_ANNOTATION]: workersBefore }),
      },
    });
    return labelled(made, revision);
  });
