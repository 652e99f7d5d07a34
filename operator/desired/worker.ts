/** Workers: their pods, their Deployment, and the options they start with. */

import { OPTIONS } from '../../server/contract/options.ts';
import { ADMIN_PATHS } from '../../server/contract/ports.ts';
import { SETTINGS_DIR } from '../../server/contract/settings-files.ts';
import type { ChatCluster } from '../api/chat-cluster.ts';
import { child, labelled } from './child.ts';
import { type Builder, imageOf } from './choices.ts';
import { deployment } from './deployment.ts';
import { childName, instanceOf, REVISION_ANNOTATION, selectorLabels, specVersionOf } from './names.ts';
import { sharedWorkerEnv, startEnv } from './options.ts';
import { ADMIN_PORT, type PodShape, podTemplate, READINESS, type Variable } from './pod-template.ts';
import { revisionOf } from './revision.ts';
import { optionsIn } from './worker-options.ts';

/** Seconds in which a worker finishes the batch it stores. */
const GRACE_SECONDS = 30;

/**
 * Variable with the number of servers that keep a stream; without a value where the spec does not set it. It is in the
 * template and not among the options of the revision: there 1 counts as not set, as it did when 1 was the default.
 */
function streamReplicas({ spec }: ChatCluster): Variable {
  const { streamReplicas: count } = spec.messages;
  return { name: OPTIONS.streamReplicas.env, ...(count ? { value: String(count) } : {}) };
}

/**
 * True unless `template`, of the workers, was made for another `messages.streamReplicas`. Operators from before that field made
 * templates without the variable.
 */
export function hasStreamReplicasOf(cluster: ChatCluster, template: object | undefined): boolean {
  const [container] =
    (template as { spec?: { containers?: readonly { env?: readonly Variable[] }[] } })?.spec?.containers ?? [];
  const wanted = streamReplicas(cluster);
  const made = container?.env?.find(({ name }) => name === wanted.name);
  return made === undefined || made.value === wanted.value;
}

/** A worker's pod. */
export const WORKER: PodShape = {
  component: 'worker',
  ports: [ADMIN_PORT],
  graceSeconds: () => GRACE_SECONDS,
  // The rest of the memory limit holds its batches, program and stacks.
  heapShare: 0.7,
  readiness: { path: ADMIN_PATHS.ready, port: 'admin', ...READINESS },
  labels: () => ({}),
  annotations: () => ({}),
  variables: cluster => [
    { name: OPTIONS.instance.env, value: instanceOf(cluster) },
    { name: OPTIONS.specVersion.env, value: specVersionOf(cluster) },
    streamReplicas(cluster),
    { name: OPTIONS.liveDir.env, value: SETTINGS_DIR },
  ],
  variablesFrom: ({ metadata }, revision) => childName.workerOptions(metadata.name, revision),
  files: () => [],
};

/**
 * The ConfigMap that the template of the workers reads: that of its revision, or the one that an older operator made for all
 * revisions. The latter gets no option that it does not have, because no revision says that the image knows it.
 */
export const workerOptions: Builder = (cluster, { workers: { revision, template, shared } }) => {
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
  // The spec does not say what was in the ConfigMap of another revision: it is kept as it is.
  if (revision !== revisionOf(cluster, 'worker')) return [];
  const made = child(cluster, {
    ...map,
    name: childName.workerOptions(name, revision),
    data: startEnv(cluster, 'worker'),
    immutable: true,
  });
  return [labelled(made, revision)];
};

/** The Deployment of the workers. */
export const workers: Builder = (cluster, choices) => {
  const { name } = cluster.metadata;
  const { replicas, revision, template } = choices.workers;
  const made = deployment(cluster, 'worker', {
    name: childName.workers(name),
    replicas,
    revisionHistoryLimit: 3,
    matchLabels: selectorLabels(name, 'worker'),
    template: template ?? podTemplate(cluster, WORKER, imageOf(cluster, choices)),
    annotations: { [REVISION_ANNOTATION]: revision },
  });
  return [made];
};
