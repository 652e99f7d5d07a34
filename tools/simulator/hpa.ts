/**
 * A HorizontalPodAutoscaler (autoscaling/v2) on the average number of connections, without any `behavior`: the rules of the
 * controller manager's `replica_calculator.go` and `horizontal.go` in Kubernetes 1.36, with its defaults.
 */

export const HPA = { syncSeconds: 15, tolerance: 0.1, scaleDownWindowSeconds: 300 } as const;

export interface HpaPod {
  /** undefined: no metric of it. */
  readonly connections: number | undefined;
  readonly pending: boolean;
}

export interface HpaInput {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targetAverage: number;
  readonly current: number;
  /** Pods that do not terminate. */
  readonly pods: readonly HpaPod[];
  readonly second: number;
}

/** Replicas by the metric alone. */
export function proposal({ pods, targetAverage, current }: Omit<HpaInput, 'second'>): number {
  const known = pods.flatMap(pod => (pod.pending || pod.connections === undefined ? [] : [pod.connections]));
  const pending = pods.filter(pod => pod.pending).length;
  const missing = pods.filter(pod => !pod.pending && pod.connections === undefined).length;
  if (known.length === 0) return current;
  const ratioOf = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length / targetAverage;
  const ratio = ratioOf(known);
  const within = (value: number) => Math.abs(1 - value) <= HPA.tolerance;
  const withPending = pending > 0 && ratio > 1;
  if (!withPending && missing === 0) return within(ratio) ? current : Math.ceil(ratio * known.length);
  // Those without a metric count against the step: empty when it goes up, at the target when it goes down.
  const assumed = ratio < 1 ? targetAverage : 0;
  const all = [
    ...known,
    ...Array.from({ length: missing }, () => assumed),
    ...Array.from({ length: withPending ? pending : 0 }, () => 0),
  ];
  const careful = ratioOf(all);
  if (within(careful) || (ratio < 1 && careful > 1) || (ratio > 1 && careful < 1)) return current;
  const replicas = Math.ceil(careful * all.length);
  return (careful < 1 && replicas > current) || (careful > 1 && replicas < current) ? current : replicas;
}

/** Horizontal pod autoscaler, with its memory of proposals and of the pods it added. */
export class Hpa {
  #proposals: { readonly second: number; readonly replicas: number }[] = [];
  #added: { readonly second: number; readonly count: number }[] = [];

  /** @returns the replicas it sets */
  sync(input: HpaInput): number {
    const { minReplicas, maxReplicas, current, second } = input;
    if (current > maxReplicas) return maxReplicas;
    if (current < minReplicas) return minReplicas;
    const proposed = proposal(input);
    if (this.#proposals.length === 0) this.#proposals.push({ second, replicas: current });
    this.#proposals = this.#proposals.filter(each => each.second > second - HPA.scaleDownWindowSeconds);
    const most = Math.max(proposed, ...this.#proposals.map(each => each.replicas));
    this.#proposals.push({ second, replicas: proposed });
    const stable = proposed < current ? Math.min(current, most) : proposed;
    const bounded = Math.min(maxReplicas, Math.max(minReplicas, stable));
    if (bounded <= current) return bounded; // by default everything may go within one period
    this.#added = this.#added.filter(each => each.second > second - 15);
    const start = current - this.#added.reduce((sum, each) => sum + each.count, 0);
    const replicas = Math.min(bounded, Math.max(current, start + 4, start * 2));
    this.#added.push({ second, count: replicas - current });
    return replicas;
  }
}
