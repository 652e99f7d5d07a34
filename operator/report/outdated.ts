import { OPTIONS } from '../../server/contract/options.ts';
import type { ChatCluster } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { differences } from '../apply/differences.ts';
import {
  COMPONENTS,
  type Component,
  OPTIONS_ANNOTATION,
  RESTART_ANNOTATION,
  REVISION_ANNOTATION,
  REVISION_LABEL,
} from '../desired/names.ts';
import { POD_SHAPES } from '../desired/pod-shapes.ts';
import { podTemplate } from '../desired/pod-template.ts';
import { revisionOf } from '../desired/revision.ts';
import { gatewayDeployments, templateOf, workerDeployment } from '../fleet/observe.ts';
import { someOf } from '../process/some-of.ts';
import type { Verdict } from './conditions.ts';

interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly containers?: readonly { readonly env?: readonly { readonly name: string }[] }[];
  };
}

/** A template without the parts that change with every spec, and that running pods reload or need not know. */
function lasting({ metadata = {}, spec = {}, ...rest }: Template): object {
  const { [OPTIONS_ANNOTATION]: _, ...annotations } = metadata.annotations ?? {};
  const containers = spec.containers?.map(({ env, ...container }) => ({
    ...container,
    env: env?.filter(({ name }) => name !== OPTIONS.specVersion.env),
  }));
  return { ...rest, metadata: { ...metadata, annotations }, spec: { ...spec, containers } };
}

/** Paths at which a template that was made differs from what this version makes for the same revision. */
function outdatedAt(cluster: ChatCluster, component: Component, made: object, image: string): string[] {
  const [before, after] = [lasting(made), lasting(podTemplate(cluster, POD_SHAPES[component], image))];
  return [...new Set([...differences(before, after), ...differences(after, before)])].map(path => path.slice(1));
}

/** Inputs of a verdict. */
interface Basis {
  readonly workers: KubeObject | undefined;
  readonly generation: number;
  readonly restart: string | undefined;
  readonly image: string;
}

/** Verdicts by the Deployment of the gateways: making two templates takes a third of a pass that changes nothing. */
const known = new WeakMap<KubeObject, { readonly basis: Basis; readonly verdict: Verdict }>();

/**
 * The condition `TemplatesCurrent`: True if the pods are as this version of the operator, with the image it was installed with,
 * would make them. They are not replaced for that alone: it would move every client.
 * @param image of a ChatCluster that names none
 */
export function templatesCurrent(cluster: ChatCluster, children: readonly KubeObject[], image: string): Verdict {
  const revision = revisionOf(cluster, 'gateway');
  const gateways = gatewayDeployments(cluster, children).find(
    ({ metadata }) => metadata.labels?.[REVISION_LABEL] === revision,
  );
  const { generation, annotations } = cluster.metadata;
  const workers = workerDeployment(cluster, children);
  const basis = { workers, generation, restart: annotations?.[RESTART_ANNOTATION], image };
  const cached = gateways && known.get(gateways);
  if (cached && Object.entries(basis).every(([name, value]) => cached.basis[name as keyof Basis] === value))
    return cached.verdict;
  const verdict = verdictOf(cluster, gateways, workers, image);
  if (gateways) known.set(gateways, { basis, verdict });
  return verdict;
}

function verdictOf(
  cluster: ChatCluster,
  gateways: KubeObject | undefined,
  workers: KubeObject | undefined,
  image: string,
): Verdict {
  const type = 'TemplatesCurrent';
  const isCurrent = workers?.metadata.annotations?.[REVISION_ANNOTATION] === revisionOf(cluster, 'worker');
  const made = {
    gateway: gateways && templateOf(gateways),
    worker: isCurrent ? workers && templateOf(workers) : undefined,
  };
  const named = cluster.spec.image.reference ?? image;
  const paths = COMPONENTS.flatMap(component => {
    const template = made[component];
    return template === undefined ? [] : outdatedAt(cluster, component, template, named);
  });
  if (paths.length === 0)
    return { type, status: 'True', reason: 'Current', message: 'pods are as this operator makes them' };
  const message = `this operator would make pods with another ${someOf([...new Set(paths)])}; the annotation ${RESTART_ANNOTATION} replaces them`;
  return { type, status: 'False', reason: 'UpdateAvailable', message };
}
