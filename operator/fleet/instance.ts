/**
 * Finds the chat that a ChatCluster belongs to. The instance follows from the identity, which is the UID unless one is set.
 * But children left by an earlier ChatCluster of the same name may serve another instance, and their gateways take its
 * messages.
 */
import { isDeepStrictEqual } from 'node:util';
import { OPTIONS } from '../../server/contract/options.ts';
import type { ChatCluster, KeptChat } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { childName, IDENTITY_ANNOTATION, instanceFor, instanceOf } from '../desired/names.ts';
import { revisionOf } from '../desired/revision.ts';
import { type DeploymentObject, gatewayDeployments, isOurs, templateOf, workerDeployment } from './observe.ts';

interface PodTemplate {
  readonly spec?: {
    readonly containers?: readonly { readonly env?: readonly { readonly name: string; readonly value?: string }[] }[];
  };
}

function instanceOfPods(template: object | undefined): string | undefined {
  const [container] = (template as PodTemplate | undefined)?.spec?.containers ?? [];
  return container?.env?.find(({ name }) => name === OPTIONS.instance.env)?.value;
}

/**
 * Instance in the pod template that the operator made a Deployment with; undefined if it has none. An instance that another
 * writer put into the actual template does not count, unless it is the expected one.
 */
function instanceIn(deployment: DeploymentObject, expected: string): string | undefined {
  if (instanceOfPods(deployment.spec?.template) === expected) return expected;
  return instanceOfPods(templateOf(deployment));
}

/** Creation time in RFC 3339 and UTC, which sorts as text. */
const bornAt = ({ metadata }: KubeObject) => metadata.creationTimestamp ?? '';

/**
 * Deployments of `cluster`, in the order in which their instance decides: gateways first, because clients talk to them. The
 * oldest comes first, because a younger one may have been made before the others were known to have no owner.
 */
function deploymentsOf(cluster: ChatCluster, children: readonly KubeObject[]): DeploymentObject[] {
  const workers = workerDeployment(cluster, children);
  const gateways = gatewayDeployments(cluster, children).sort((a, b) => bornAt(a).localeCompare(bornAt(b)));
  return workers ? [...gateways, workers] : gateways;
}

function identityOnChildren(cluster: ChatCluster, children: readonly KubeObject[]): string | undefined {
  const name = childName.reloadableOptions(cluster.metadata.name);
  const map = children.find(child => child.kind === 'ConfigMap' && child.metadata.name === name);
  return map && isOurs(cluster, map) ? map.metadata.annotations?.[IDENTITY_ANNOTATION] : undefined;
}

/** True if gateways of another instance have the plain name of the revision, or had it when those of this one were made. */
function isRenamed(cluster: ChatCluster, deployments: readonly DeploymentObject[], instance: string): boolean {
  const named = (of: ChatCluster) => {
    const name = childName.gateways(cluster.metadata.name, revisionOf(of, 'gateway'));
    return deployments.find(({ metadata }) => metadata.name === name);
  };
  const plain = named(cluster);
  if (plain) return (instanceIn(plain, instance) ?? instance) !== instance;
  return named({ ...cluster, kept: { identity: undefined, instance, renamed: true } }) !== undefined;
}

function keptBy(cluster: ChatCluster, children: readonly KubeObject[]): KeptChat {
  const { metadata, spec, status } = cluster;
  const known = [spec.identity, status?.identity, identityOnChildren(cluster, children), metadata.uid].filter(
    identity => identity !== undefined,
  );
  const [likeliest = metadata.uid] = known;
  const deployments = deploymentsOf(cluster, children);
  const chosen = spec.identity === undefined ? undefined : instanceFor(metadata, spec.identity);
  const expected = chosen ?? status?.instance ?? instanceFor(metadata, likeliest);
  const served = deployments.map(each => instanceIn(each, expected)).find(instance => instance !== undefined);
  const instance = chosen ?? served ?? expected;
  const identity = known.find(each => instanceFor(metadata, each) === instance);
  return { identity, instance, renamed: isRenamed(cluster, deployments, instance) };
}

/** Last answer for an object from the caches. Returning the same object lets other caches work by object too. */
const ANSWERS = new WeakMap<ChatCluster, ChatCluster>();

/**
 * Adds the chat that a ChatCluster keeps: that of `spec.identity`, else the one its children serve, else the one in its
 * status, else that of its UID. So neither an orphaning delete nor the loss of the status starts an empty chat.
 * @returns the same object while the answer stays the same
 */
export function withInstance(cluster: ChatCluster, children: readonly KubeObject[]): ChatCluster {
  const kept = keptBy(cluster, children);
  const before = ANSWERS.get(cluster);
  if (before && isDeepStrictEqual(before.kept, kept)) return before;
  const answer = { ...cluster, kept };
  ANSWERS.set(cluster, answer);
  return answer;
}

/** True if the pods of `deployment` belong to the chat that `cluster` keeps. */
export function isOfChat(cluster: ChatCluster, deployment: DeploymentObject): boolean {
  const instance = instanceOf(cluster);
  return (instanceIn(deployment, instance) ?? instance) === instance;
}

/** One sentence on Deployments whose pods belong to another chat than `cluster`; empty without any. */
export function otherChats(cluster: ChatCluster, children: readonly KubeObject[]): string {
  const others = deploymentsOf(cluster, children).filter(deployment => !isOfChat(cluster, deployment));
  if (others.length === 0) return '';
  const names = others.map(({ metadata }) => metadata.name).join(', ');
  return `${names}: pods of another chat than ${instanceOf(cluster)}; messages sent through them do not reach this one`;
}
