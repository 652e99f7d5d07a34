/**
 * When a process may call itself leader, decided on what it has seen of a Lease. Times are milliseconds of the process's
 * own monotonic clock: the times in a Lease are for people, no decision compares the clocks of two machines.
 *
 * A leader stops `renewMs` after it last asked for a renewal that succeeded. Others take over `durationMs` after they saw the
 * Lease change, which is later than it was asked for. So between the two there is always at least the difference.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, ObjectMeta } from '../api/kube-object.ts';
import { microTime } from '../api/micro-time.ts';

/** `coordination.k8s.io/v1`. */
export interface Lease extends KubeObject {
  readonly spec?: {
    /** Empty or missing when nobody holds it. */
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number | null;
    readonly acquireTime?: string | null;
    readonly renewTime?: string | null;
    /** How often another process took it over. */
    readonly leaseTransitions?: number | null;
  };
}

export interface LeaseTimings {
  /** How long others wait after the last sign of the leader. */
  readonly durationMs: number;
  /** How long a leader goes on without a renewal; less than `durationMs`. */
  readonly renewMs: number;
  /** Time between two attempts to renew or to take over; less than `renewMs`. */
  readonly retryMs: number;
}

export interface Candidate {
  /** Of this process alone: one that starts again is another. */
  readonly identity: string;
  readonly timings: LeaseTimings;
}

/** What a candidate knows. */
export interface Election {
  /** The Lease as last read or written; undefined when there is none, or it was never read. */
  readonly lease: Lease | undefined;
  /** From when on it may be taken. */
  readonly freeAt: number;
  /** When the renewal that last succeeded was asked for; undefined when this process is not leader. */
  readonly renewedAt: number | undefined;
}

const NOW_FREE = Number.NEGATIVE_INFINITY;
export const UNKNOWN: Election = { lease: undefined, freeAt: NOW_FREE, renewedAt: undefined };

/** Takes in the Lease as it was read. @param lease undefined when there is none */
export function afterRead(election: Election, candidate: Candidate, lease: Lease | undefined, now: number): Election {
  const before = election.lease?.spec;
  if (!lease && before) {
    // Somebody removed it. Unless it was this process's up to now, another one may hold it and learn of that only later.
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

/** Takes in the answer to the write of a {@link claim}. @param askedAt when it was asked for, not when the answer came */
export function afterWrite(lease: Lease, askedAt: number): Election {
  return { lease, freeAt: NOW_FREE, renewedAt: askedAt };
}

/** Takes in that somebody else wrote the Lease in between: until it is read, it may be anybody's. */
export function afterConflict(election: Election, candidate: Candidate, now: number): Election {
  if (isHeldBy(candidate, election.lease)) return election;
  return { ...election, freeAt: now + candidate.timings.durationMs };
}

/** Milliseconds this process may still act as leader; 0 when it may not. */
export function mayLeadForMs({ renewedAt }: Election, { timings }: Candidate, now: number): number {
  return renewedAt === undefined ? 0 : Math.max(0, renewedAt + timings.renewMs - now);
}

/** Milliseconds until another process may be leader: what this one has sent must have ended by then. */
export function exclusiveForMs({ renewedAt }: Election, { timings }: Candidate, now: number): number {
  return renewedAt === undefined ? 0 : Math.max(0, renewedAt + timings.durationMs - now);
}

/** Whether it is this process's. */
export function isHeldBy({ identity }: Candidate, lease: Lease | undefined): boolean {
  return lease?.spec?.holderIdentity === identity;
}

/**
 * The Lease to write to become or stay leader; undefined while it belongs to somebody else. It carries the version it was
 * decided on, so of two claims one fails.
 * @param metadata of a Lease that is not there yet
 * @param date the wall's time, for people
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

/** The Lease to write when the leader goes, so that nobody has to wait; undefined when it is not this process's. */
export function release({ lease }: Election, candidate: Candidate, date: Date): Lease | undefined {
  if (!lease || !isHeldBy(candidate, lease)) return undefined;
  return { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(date) } };
}
