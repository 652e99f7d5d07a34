import type { ChatCluster } from '../api/chat-cluster.ts';
import { type Component, instanceOf, RESTART_ANNOTATION } from './names.ts';
import { hashOf, secretRefs, startValues } from './options.ts';
import { onlySet } from './spec-defaults.ts';

/** True for a component whose Deployments have the revision in their names. */
const IN_NAMES: Readonly<Record<Component, boolean>> = { gateway: true, worker: false };

/**
 * Everything of a component that needs a new pod, without options at their default. Of `podTemplate` only fields that are set
 * count: a field that a later version adds with a default rolls no ChatCluster. New parts elsewhere have to be left out in
 * the same way where they are not set.
 */
function needsNewPod(cluster: ChatCluster, component: Component): object {
  const { metadata, spec, kept } = cluster;
  const { resources, podTemplate } = spec[component];
  return {
    image: [spec.image.reference ?? '', spec.image.pullPolicy, spec.image.pullSecrets ?? []],
    pods: [resources, onlySet(podTemplate, `${component}.podTemplate`)],
    secrets: secretRefs(spec, component),
    options: Object.fromEntries(startValues(spec, component)),
    restart: metadata.annotations?.[RESTART_ANNOTATION] ?? '',
    // Left out where it is not set, so that no ChatCluster from before this field rolls.
    ...(spec.serviceAccountName === undefined ? {} : { serviceAccount: spec.serviceAccountName }),
    // Only where gateways of another instance have the name: else every ChatCluster would roll.
    ...(IN_NAMES[component] && kept?.renamed ? { instance: instanceOf(cluster) } : {}),
  };
}

/**
 * Name of a revision: 10 hexadecimal digits, the same until a field changes that needs new pods. It does not depend on how this
 * version of the operator writes pods, so that its upgrade alone rolls nothing: an option that a later version adds counts
 * only where it is not the default. A test pins the name of the example.
 */
export function revisionOf(cluster: ChatCluster, component: Component): string {
  const known = KNOWN.get(cluster) ?? {};
  known[component] ??= hashOf(needsNewPod(cluster, component)).slice(0, 10);
  KNOWN.set(cluster, known);
  return known[component];
}

/** Names by ChatCluster: an object from the caches never changes, and each pass asks several times. */
const KNOWN = new WeakMap<ChatCluster, { [C in Component]?: string }>();
