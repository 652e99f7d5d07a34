import type { Condition } from '../api/kube-object.ts';
import type { Metrics } from '../process/metrics.ts';

interface Labels extends Record<string, string> {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

const same = (a: Labels | undefined, b: Labels): boolean => a?.status === b.status && a.reason === b.reason;

/**
 * Shows the conditions of ChatClusters as metrics: of each condition the one series that holds, with the value 1. What has
 * been shown is kept here, because a series is removed by all its labels.
 */
export class ConditionSeries {
  readonly #gauge: Metrics['conditions'];
  /** By key, then by type. */
  readonly #shown = new Map<string, Map<string, Labels>>();

  constructor({ conditions }: Pick<Metrics, 'conditions'>) {
    this.#gauge = conditions;
  }

  /** @param key `namespace/name` of the ChatCluster @param conditions all of it */
  show(key: string, conditions: readonly Pick<Condition, 'type' | 'status' | 'reason'>[]): void {
    const [namespace = '', name = ''] = key.split('/');
    const shown = this.#shown.get(key) ?? new Map<string, Labels>();
    this.#shown.set(key, shown);
    const types = new Set(conditions.map(({ type }) => type));
    for (const [type, labels] of shown) {
      if (types.has(type)) continue;
      this.#gauge.remove(labels);
      shown.delete(type);
    }
    for (const { type, status, reason } of conditions) {
      const labels = { namespace, name, type, status, reason };
      const before = shown.get(type);
      if (same(before, labels)) continue;
      if (before) this.#gauge.remove(before);
      this.#gauge.set(labels, 1);
      shown.set(type, labels);
    }
  }

  /** @param key `namespace/name` of a ChatCluster that is gone */
  forget(key: string): void {
    this.show(key, []);
    this.#shown.delete(key);
  }
}
