/** A lease as one worker sees it. */
export interface SeenLease {
  readonly key: string;
  /** Lease of which this worker counts the share: the fold. */
  readonly fold: string;
  /** `mine`: of this worker. `other`: of another worker that renews it. `free`: of none, or of a worker that does not renew it. */
  readonly state: 'mine' | 'other' | 'free';
}

/** Leases that a worker takes and gives up now, by key. */
export interface LeasePlan {
  readonly take: readonly string[];
  readonly release: readonly string[];
}

/**
 * Plans the leases of a worker, which has at most its share of each fold: partitions divided by workers, rounded up. So every free
 * lease finds a worker, and a worker that comes gets some. Pure.
 * @param leases all leases of all folds
 * @param workers number of workers that are alive, at least 1
 */
export function planLeases(leases: readonly SeenLease[], workers: number): LeasePlan {
  const take: string[] = [];
  const release: string[] = [];
  for (const ofFold of Map.groupBy(leases, ({ fold }) => fold).values()) {
    const share = Math.ceil(ofFold.length / workers);
    const keys = (wanted: SeenLease['state']) => ofFold.filter(({ state }) => state === wanted).map(({ key }) => key);
    const mine = keys('mine');
    take.push(...keys('free').slice(0, Math.max(0, share - mine.length)));
    release.push(...mine.slice(share));
  }
  return { take, release };
}
