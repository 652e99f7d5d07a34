import type { ChatCluster } from '../api/chat-cluster.ts';
import type { AddressFamily } from './address-families.ts';
import type { DesiredObject } from './child.ts';

/** A Deployment of gateways that is to exist. */
export interface WantedRevision {
  readonly revision: string;
  readonly replicas: number;
  /** Time at which its revision became the wanted one. */
  readonly targetedAt: Date;
  /** Reason why its rollout was stopped; empty if it was not. */
  readonly stopped: string;
  /** Options and template of the workers before it, to go back to, as JSON; empty if the workers do not change with it. */
  readonly workersBefore: string;
  /** The pod template as it was made; undefined if this operator is to make it. */
  readonly template: object | undefined;
}

/** Decisions that the spec leaves to the operator. */
export interface Choices {
  /** Image of a ChatCluster that names none. */
  readonly defaultImage: string;
  readonly revisions: readonly WantedRevision[];
  /** Revision that the client Service selects, or `*`. */
  readonly serving: string;
  /** Time at which the Service was last moved from one revision to another; 1970 for never. */
  readonly servingSince: Date;
  /** First address family of the existing Services, by name. */
  readonly firstFamilies: ReadonlyMap<string, AddressFamily>;
  readonly workers: {
    /** Always sent: an apply without `replicas` would reset it to 1. */
    readonly replicas: number;
    /** Revision of the spec, unless the workers stay at an earlier one. */
    readonly revision: string;
    /** The pod template as it was made; undefined if this operator is to make it. */
    readonly template: object | undefined;
    /** Variables in the ConfigMap that the workers of all revisions shared. */
    readonly shared: ReadonlySet<string>;
  };
}

/** Makes the children of one purpose. Pure: the same arguments give the same objects, byte for byte. */
export type Builder = (cluster: ChatCluster, choices: Choices) => readonly DesiredObject[];

/** Image of the gateways and workers. */
export function imageOf(cluster: ChatCluster, { defaultImage }: Pick<Choices, 'defaultImage'>): string {
  return cluster.spec.image.reference ?? defaultImage;
}
