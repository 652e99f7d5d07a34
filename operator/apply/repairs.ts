import type { KubeObject } from '../api/kube-object.ts';
import { differing } from './differences.ts';
import type { KnownDrift } from './plan.ts';

/** A child that differs from what was written. */
export interface Alteration {
  readonly id: string;
  /** `Mutated`: admission changed it when it was written. `Contested`: another writer changes it back after each repair. */
  readonly reason: 'Mutated' | 'Contested';
  readonly paths: readonly string[];
  /** Other managers that own fields of it, as far as `managedFields` says. */
  readonly managers: readonly string[];
}

/** Repairs of one object that are made at once, if they follow each other within {@link FORGOTTEN_MS}. */
const AT_ONCE = 3;
/** Pause between two further repairs, doubled each time. */
const REST_MS = 60_000;
const MOST_REST_MS = 600_000;
/** Time without a repair after which the next one counts as the first again. */
const FORGOTTEN_MS = 2 * MOST_REST_MS;

interface Contest {
  readonly repairs: number;
  readonly lastAt: number;
  readonly paths: readonly string[];
  readonly managers: readonly string[];
}

/**
 * Memory of the children of one ChatCluster that differ from what was written. It may be lost: then each is written once
 * more, and the answer shows again what admission makes of it.
 */
export class Repairs implements KnownDrift {
  readonly #admitted = new Map<string, ReadonlyMap<string, string>>();
  readonly #contests = new Map<string, Contest>();
  readonly #now: () => number;

  /** @param now milliseconds that never run backwards */
  constructor(now: () => number) {
    this.#now = now;
  }

  admitted(id: string, path: string): string | undefined {
    return this.#admitted.get(id)?.get(path);
  }

  rests(id: string): boolean {
    const contest = this.#contests.get(id);
    if (!contest || contest.repairs < AT_ONCE) return false;
    const restMs = Math.min(MOST_REST_MS, REST_MS * 2 ** Math.min(contest.repairs - AT_ONCE, 20));
    return this.#now() < contest.lastAt + restMs;
  }

  /**
   * Takes the answer to the write of `object`. Fields that differ in it are what admission made of them.
   * @returns paths of these fields
   */
  written(id: string, answer: KubeObject, object: KubeObject): string[] {
    const { resourceVersion: _, ...metadata } = object.metadata;
    const rest = differing(answer, { ...object, metadata });
    if (rest.length === 0) this.#admitted.delete(id);
    else this.#admitted.set(id, new Map(rest.map(({ path, actual }) => [path, `${JSON.stringify(actual)}`])));
    return rest.map(({ path }) => path.slice(1));
  }

  /** Records that changes of other writers were undone. @param managers the writers, as far as `managedFields` says */
  repaired(id: string, paths: readonly string[], managers: readonly string[]): void {
    const before = this.#contests.get(id);
    const now = this.#now();
    const isNew = before === undefined || now - before.lastAt > FORGOTTEN_MS;
    this.#contests.set(id, { repairs: isNew ? 1 : before.repairs + 1, lastAt: now, paths, managers });
  }

  /** Forgets all objects but these. */
  keep(ids: ReadonlySet<string>): void {
    for (const map of [this.#admitted, this.#contests]) for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
  }

  /** Alterations to report in the status. @param resting ids of objects that differ and whose repair pauses */
  alterations(resting: readonly string[]): Alteration[] {
    return [
      ...resting.flatMap((id): Alteration[] => {
        const { paths, managers } = this.#contests.get(id) ?? { paths: [], managers: [] };
        return [{ id, reason: 'Contested', paths, managers }];
      }),
      ...[...this.#admitted].map(
        ([id, values]): Alteration => ({
          id,
          reason: 'Mutated',
          paths: [...values.keys()].map(path => path.slice(1)),
          managers: [],
        }),
      ),
    ];
  }
}
