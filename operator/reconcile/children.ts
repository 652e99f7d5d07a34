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

/** Inputs of the children of a ChatCluster. */
export interface ChildrenInput {
  readonly cluster: ChatCluster;
  /** The children of the snapshot: another object for each version. */
  readonly observed: readonly Observed[];
  readonly plan: FleetPlan;
  readonly fleet: Pick<FleetInput, 'serving' | 'movedAt' | 'wall'>;
  readonly workerReplicas: number;
  /** False for an optional kind that nothing is known of: its objects are left alone. */
  readonly knows: (kind: string) => boolean;
}

/** Writes to the children, and what the pods need of it. */
export interface ChildrenPlan extends WritePlan {
  /** Version of the reloadable options; undefined until their ConfigMap holds them. */
  readonly optionsVersion: string | undefined;
}

/**
 * Decides the writes to the children of one ChatCluster. Making and comparing children takes most of a pass, and equal inputs
 * give an equal plan: then the last plan is returned again.
 */
export class Children {
  readonly #defaultImage: string;
  /** The last plan if it wrote nothing, and its inputs. */
  #settled: { readonly text: string; readonly observed: readonly Observed[]; readonly plan: ChildrenPlan } | undefined;

  readonly #repairs: Repairs;

  /** @param defaultImage of a ChatCluster that names none @param repairs history of children that others change */
  constructor(defaultImage: string, repairs: Repairs) {
    this.#defaultImage = defaultImage;
    this.#repairs = repairs;
  }

  /** The writes that are due; the same object as before where nothing is to be written and the inputs are equal. */
  plan(input: ChildrenInput): ChildrenPlan {
    const { observed } = input;
    const text = textOf(input);
    if (this.#settled?.text === text && isSame(this.#settled.observed, observed)) return this.#settled.plan;
    const made = this.#make(input);
    const nothingToDo = made.actions.length === 0 && made.taken.length === 0 && made.resting.length === 0;
    this.#settled = nothingToDo ? { text, observed, plan: made } : undefined;
    return made;
  }

  #make({ cluster, observed, plan: next, fleet, workerReplicas, knows }: ChildrenInput): ChildrenPlan {
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

/** The inputs but `observed`, as text. Without the time: it counts only where the Service is to be moved, which is a write. */
function textOf({ cluster, plan: next, fleet, workerReplicas, knows }: ChildrenInput): string {
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
