/**
 * Decides when a process may act as leader, from what it has seen of a Lease. Times are milliseconds of the process's own
 * monotonic clock: the times in a Lease are for people, and no decision compares the clocks of two machines.
 *
 * A leader stops `renewMs` after it sent the last renewal that succeeded. Other processes take over `durationMs` after they
 * saw the Lease change, which is later than the renewal was sent. So between the two there is always at least `durationMs -
 * renewMs` without a leader.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, ObjectMeta } from '../api/kube-object.ts';
import { microTime } from '../api/micro-time.ts';

/** `coordination.k8s.io/v1`. */
export interface Lease extends KubeObject {
  readonly spec?: {
    /** Identity of the leader; empty or missing while the Lease is free. */
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number | null;
    readonly acquireTime?: string | null;
    readonly renewTime?: string | null;
    /** Number of times that another process took the Lease over. */
    readonly leaseTransitions?: number | null;
  };
}

/** Times of an election, in milliseconds: `retryMs` < `renewMs` < `durationMs`. */
export interface LeaseTimings {
  /** Time that other processes wait after the last change of the Lease before they take it. */
  readonly durationMs: number;
  /** Time a leader goes on without a renewal. */
  readonly renewMs: number;
  /** Time between two attempts to renew or to take over. */
  readonly retryMs: number;
}

/** A process that may become leader. */
export interface Candidate {
  /** Identity of this run of the process: after a restart it is another one. */
  readonly identity: string;
  readonly timings: LeaseTimings;
}

/** Knowledge of one candidate. Functions of this file return the next one and change nothing. */
export interface Election {
  /** The Lease as last read or written; undefined when it does not exist or was never read. */
  readonly lease: Lease | undefined;
  /** Time from which the candidate may take the Lease. */
  readonly freeAt: number;
  /** Time at which the last successful renewal was sent; undefined while this process is not leader. */
  readonly renewedAt: number | undefined;
}

const NOW_FREE = Number.NEGATIVE_INFINITY;
export const UNKNOWN: Election = { lease: undefined, freeAt: NOW_FREE, renewedAt: undefined };

/** Election after the Lease was read. @param lease undefined when it does not exist @param now time of the answer */
export function afterRead(election: Election, candidate: Candidate, lease: Lease | undefined, now: number): Election {
  const before = election.lease?.spec;
  if (!lease && before) {
    // The Lease was deleted. If this process was not leading, another one may hold it and learn of the deletion only later.
    const leads = mayLeadForMs(election, candidate, now) > 0;
    return { ...election, lease, freeAt: leads ? NOW_FREE : now + candidate.timings.durationMs };
  }
  if (!lease || isDeepStrictEqual(lease.spec, before)) return { ...election, lease };
  const renewedAt = isHeldBy(candidate, lease) ? election.renewedAt : undefined;
  return { lease, freeAt: freeAt(lease.spec, candidate, now), renewedAt };
}

function freeAt(spec: Lease['spec'], { identity, timings }: Candidate, seenAt: number): number {
  const { holderIdentity, leaseDurationSeconds } = spec ?? {};
  if (!holderIdentity || holderIdentity === identity) return NOW_FREE;
  return seenAt + (leaseDurationSeconds ? leaseDurationSeconds * 1_000 : timings.durationMs);
}

/** Election after the write of a {@link claim} succeeded. @param askedAt time the write was sent, not answered */
export function afterWrite(lease: Lease, askedAt: number): Election {
  return { lease, freeAt: NOW_FREE, renewedAt: askedAt };
}

/**
 * Election after a write met a conflict: another process wrote the Lease in between, and may hold it until it is read
 * again.
 */
export function afterConflict(election: Election, candidate: Candidate, now: number): Election {
  if (isHeldBy(candidate, election.lease)) return election;
  return { ...election, freeAt: now + candidate.timings.durationMs };
}

/** Milliseconds for which this process may still act as leader; 0 when it may not. */
export function mayLeadForMs({ renewedAt }: Election, { timings }: Candidate, now: number): number {
  return renewedAt === undefined ? 0 : Math.max(0, renewedAt + timings.renewMs - now);
}

/** Milliseconds until another process may be leader: every write of this one must have ended by then. */
export function exclusiveForMs({ renewedAt }: Election, { timings }: Candidate, now: number): number {
  return renewedAt === undefined ? 0 : Math.max(0, renewedAt + timings.durationMs - now);
}

/** True if this process holds the Lease. */
export function isHeldBy({ identity }: Candidate, lease: Lease | undefined): boolean {
  return lease?.spec?.holderIdentity === identity;
}

/**
 * Lease to write to become or stay leader; undefined while another process holds it. It carries the resource version of the
 * Lease that was read, so of two claims at once one fails.
 * @param metadata for a Lease that does not exist yet
 * @param date time of day, for people
 */
export function claim(
  { lease, freeAt }: Election,
  candidate: Candidate,
  metadata: ObjectMeta,
  now: number,
  date: Date,
): Lease | undefined {
  if (now < freeAt) return undefined;
  const { acquireTime, leaseTransitions } = lease?.spec ?? {};
  const mine = isHeldBy(candidate, lease);
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: lease?.metadata ?? metadata,
    spec: {
      holderIdentity: candidate.identity,
      leaseDurationSeconds: Math.ceil(candidate.timings.durationMs / 1_000),
      acquireTime: mine && acquireTime ? acquireTime : microTime(date),
      renewTime: microTime(date),
      leaseTransitions: (leaseTransitions ?? 0) + (lease && !mine ? 1 : 0),
    },
  };
}

/**
 * Lease to write when the leader goes, so that the next leader need not wait; undefined when this process does not hold it.
 */
export function release({ lease }: Election, candidate: Candidate, date: Date): Lease | undefined {
  if (!lease || !isHeldBy(candidate, lease)) return undefined;
  return { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(date) } };
}
