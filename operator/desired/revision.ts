import type { ChatCluster } from '../api/chat-cluster.ts';
import { type Component, instanceOf, RESTART_ANNOTATION } from './names.ts';
import { hashOf, secretRefs, startValues } from './options.ts';
import { onlySet } from './spec-defaults.ts';

/** True for a component whose Deployments have the revision in their names. */
const IN_NAMES: Readonly<Record<Component, boolean>> = { gateway: true, worker: false };

/**
 * Everything about a component that only a new pod can take on, without what equals an option's default. Of `podTemplate` only
 * what is set: a field that a later version adds with a default rolls nobody. What is added elsewhere has to be left out
 * in the same way where it is not set.
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
    // Of no weight where it is not set, so that no ChatCluster from before it rolls.
    ...(spec.serviceAccountName === undefined ? {} : { serviceAccount: spec.serviceAccountName }),
    // Only where gateways of another instance have the name: else it would be another one for everybody.
    ...(IN_NAMES[component] && kept?.renamed ? { instance: instanceOf(cluster) } : {}),
  };
}

/**
 * Name of what a person asked for: 10 hexadecimal digits, the same for as long as nothing was changed that takes new pods.
 * It does not depend on how this version of the operator writes pods, so that its upgrade alone rolls nothing: an option
 * that a later version adds counts only where it is not the default. A test holds the name of the example.
 */
export function revisionOf(cluster: ChatCluster, component: Component): string {
  const known = KNOWN.get(cluster) ?? {};
  known[component] ??= hashOf(needsNewPod(cluster, component)).slice(0, 10);
  KNOWN.set(cluster, known);
  return known[component];
}

/** An object from the caches never changes, and each pass asks several times. */
const KNOWN = new WeakMap<ChatCluster, { [C in Component]?: string }>();
