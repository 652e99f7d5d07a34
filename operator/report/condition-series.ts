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
 * Metrics of the conditions of all ChatClusters: for each condition one series with the value 1, of its status and reason. The
 * labels that are shown are kept here, because a series is removed by all of them.
 */
export class ConditionSeries {
  readonly #gauge: Metrics['conditions'];
  /** Labels by key, then by type. */
  readonly #shown = new Map<string, Map<string, Labels>>();

  constructor({ conditions }: Pick<Metrics, 'conditions'>) {
    this.#gauge = conditions;
  }

  /** Replaces the series of one ChatCluster. @param key `namespace/name` @param conditions all of them */
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

  /** Removes the series of a ChatCluster that is gone. @param key `namespace/name` */
  forget(key: string): void {
    this.show(key, []);
    this.#shown.delete(key);
  }
}
