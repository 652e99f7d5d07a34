import type { KubeObject } from '../api/kube-object.ts';
import { differing } from './differences.ts';
import type { KnownDrift } from './plan.ts';

/** A child that is not as it was written. */
export interface Alteration {
  readonly id: string;
  /** Changed as it was written, by admission; or changed back by somebody each time it is put back. */
  readonly reason: 'Mutated' | 'Contested';
  readonly paths: readonly string[];
  /** Who owns fields of it beside the operator, as far as the object says. */
  readonly managers: readonly string[];
}

/** Repairs of one object that are made at once; one after another within {@link FORGOTTEN_MS}. */
const AT_ONCE = 3;
/** Then so long passes between two, doubled each time. */
const REST_MS = 60_000;
const MOST_REST_MS = 600_000;
/** After so long without a repair somebody else's hand counts as a new one. */
const FORGOTTEN_MS = 2 * MOST_REST_MS;

interface Contest {
  readonly repairs: number;
  readonly lastAt: number;
  readonly paths: readonly string[];
  readonly managers: readonly string[];
}

/**
 * What is known of the children of one ChatCluster that are not as they were written. It may be lost: then each is written
 * once, and the answer says again what it is made of.
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
   * Takes the answer to the write of `object`: what in it differs is what admission made of it.
   * @returns paths at which it does
   */
  written(id: string, answer: KubeObject, object: KubeObject): string[] {
    const { resourceVersion: _, ...metadata } = object.metadata;
    const rest = differing(answer, { ...object, metadata });
    if (rest.length === 0) this.#admitted.delete(id);
    else this.#admitted.set(id, new Map(rest.map(({ path, actual }) => [path, `${JSON.stringify(actual)}`])));
    return rest.map(({ path }) => path.slice(1));
  }

  /** Somebody else's change was put back. @param managers who they are, as far as `managedFields` says */
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

  /** What a person should know. @param resting ids of objects that differ and are not put back now */
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
