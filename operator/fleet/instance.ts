/**
 * Which chat a ChatCluster is of. Its instance follows from its identity, which is its UID where nobody chose one; but where it finds
 * children that an earlier ChatCluster of the name left to nobody, their gateways take messages for another instance.
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
 * Instance in the pod template a Deployment was made with; undefined where it does not say. What somebody wrote into the
 * live one does not count, and that is all the same where it says what is expected.
 */
function instanceIn(deployment: DeploymentObject, expected: string): string | undefined {
  if (instanceOfPods(deployment.spec?.template) === expected) return expected;
  return instanceOfPods(templateOf(deployment));
}

/** RFC 3339 in UTC, which sorts as text. */
const bornAt = ({ metadata }: KubeObject) => metadata.creationTimestamp ?? '';

/**
 * Deployments of `cluster`, those first whose instance is the chat: clients see what the gateways say, and of these the oldest, for
 * a younger one may have been made before its siblings were known to be nobody's.
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

/** Whether gateways of another instance have the plain name of the revision, or had it when those of this one were made. */
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

/** The last answer for an object from the caches: what is found out about a ChatCluster is kept by object elsewhere too. */
const ANSWERS = new WeakMap<ChatCluster, ChatCluster>();

/**
 * `cluster` with the chat it keeps: that of `spec.identity`, else the one its children serve, else the one its status names, else
 * that of its UID. So neither an orphaning delete nor the loss of the status begins an empty chat.
 * @returns the same object for as long as the answer is the same
 */
export function withInstance(cluster: ChatCluster, children: readonly KubeObject[]): ChatCluster {
  const kept = keptBy(cluster, children);
  const before = ANSWERS.get(cluster);
  if (before && isDeepStrictEqual(before.kept, kept)) return before;
  const answer = { ...cluster, kept };
  ANSWERS.set(cluster, answer);
  return answer;
}

/** Whether the pods of `deployment` are of the chat that `cluster` keeps. */
export function isOfChat(cluster: ChatCluster, deployment: DeploymentObject): boolean {
  const instance = instanceOf(cluster);
  return (instanceIn(deployment, instance) ?? instance) === instance;
}

/** A sentence on Deployments whose pods are of another chat than `cluster`; empty without. */
export function otherChats(cluster: ChatCluster, children: readonly KubeObject[]): string {
  const others = deploymentsOf(cluster, children).filter(deployment => !isOfChat(cluster, deployment));
  if (others.length === 0) return '';
  const names = others.map(({ metadata }) => metadata.name).join(', ');
  return `${names}: pods of another chat than ${instanceOf(cluster)}; what is sent through them is not seen here`;
}
