import { SETTINGS_FILES } from '../../server/contract/settings-files.ts';
import type { ChatCluster } from '../api/chat-cluster.ts';
import { OPTIONAL_KINDS } from '../api/kinds.ts';
import { type Observed, objectId, planWrites, type WritePlan } from '../apply/plan.ts';
import type { Repairs } from '../apply/repairs.ts';
import { desired } from '../desired/desired.ts';
import { childName } from '../desired/names.ts';
import { reloadableOptions } from '../desired/options.ts';
import { optionsInUse } from '../desired/worker-options.ts';
import { choicesOf } from '../fleet/choices.ts';
import type { FleetInput, FleetPlan } from '../fleet/fleet.ts';
import { workerDeployment } from '../fleet/observe.ts';
import { optionsNoted } from '../fleet/workers-before.ts';
import { wishOf } from './wish.ts';

/** Everything that the children of a ChatCluster are made of. */
export interface Makings {
  readonly cluster: ChatCluster;
  /** The children as the caches hold them: another object for each version. */
  readonly observed: readonly Observed[];
  readonly plan: FleetPlan;
  readonly fleet: Pick<FleetInput, 'serving' | 'movedAt' | 'wall'>;
  readonly workerReplicas: number;
  /** Whether anything can be said of objects of a kind. What is not known is left alone. */
  readonly knows: (kind: string) => boolean;
}

export interface ChildrenPlan extends WritePlan {
  /** Version of the live options, once their ConfigMap holds them. */
  readonly optionsVersion: string | undefined;
}

/**
 * What is to be written to the children of one ChatCluster. To make and compare them takes most of a pass, and comes to the same
 * for as long as all that they are made of is the same: then the last answer is given again.
 */
export class Children {
  readonly #defaultImage: string;
  /** When nothing was to be written, that and what it was found with. */
  #settled: { readonly text: string; readonly observed: readonly Observed[]; readonly plan: ChildrenPlan } | undefined;

  readonly #repairs: Repairs;

  /** @param defaultImage of a ChatCluster that names none @param repairs what is known of children that differ */
  constructor(defaultImage: string, repairs: Repairs) {
    this.#defaultImage = defaultImage;
    this.#repairs = repairs;
  }

  plan(makings: Makings): ChildrenPlan {
    const { observed } = makings;
    const text = textOf(makings);
    if (this.#settled?.text === text && isSame(this.#settled.observed, observed)) return this.#settled.plan;
    const made = this.#make(makings);
    const nothingToDo = made.actions.length === 0 && made.taken.length === 0 && made.resting.length === 0;
    this.#settled = nothingToDo ? { text, observed, plan: made } : undefined;
    return made;
  }

  #make({ cluster, observed, plan: next, fleet, workerReplicas, knows }: Makings): ChildrenPlan {
    const children = observed.map(child => child.object);
    const given = { defaultImage: this.#defaultImage, workerReplicas };
    const inUse = optionsInUse(cluster, children, workerDeployment(cluster, children), optionsNoted(cluster, children));
    const described = desired(cluster, choicesOf(cluster, children, next, fleet, given));
    const wanted = described.filter(({ kind }) => knows(kind));
    this.#repairs.keep(new Set(wanted.map(objectId)));
    return { ...planWrites(observed, wanted, inUse, this.#repairs), optionsVersion: versionIn(cluster, observed) };
  }
}

function isSame(before: readonly Observed[], after: readonly Observed[]): boolean {
  return before.length === after.length && before.every((child, index) => child === after[index]);
}

/** The time matters only where the Service is to be moved, and then it is to be written. */
function textOf({ cluster, plan: next, fleet, workerReplicas, knows }: Makings): string {
  const { revisions, serving, stop, target } = next;
  const chosen = [revisions, serving, stop, target, fleet.serving ?? null, fleet.movedAt, workerReplicas];
  return JSON.stringify([wishOf(cluster), cluster.kept ?? null, chosen, Object.keys(OPTIONAL_KINDS).filter(knows)]);
}

function versionIn(cluster: ChatCluster, observed: readonly Observed[]): string | undefined {
  const name = childName.reloadableOptions(cluster.metadata.name);
  const map = observed.find(({ object }) => object.kind === 'ConfigMap' && object.metadata.name === name);
  const { data } = (map?.object ?? {}) as { data?: Readonly<Record<string, string>> };
  const version = reloadableOptions(cluster)[SETTINGS_FILES.version];
  return data?.[SETTINGS_FILES.version] === version ? version : undefined;
}
