import { ApiError } from '../../../operator/kube/api-error.ts';
import type { Lease, LeaseTimings } from '../../../operator/leader/election.ts';
import { LeaseLeader } from '../../../operator/leader/lease-leader.ts';
import { type Clock, momentAfter, type WallTime } from '../../../server/time/clock.ts';
import type { ManualClock } from '../../support/clocks/manual-clock.ts';

/** One Lease, as an API server keeps it: of two writers that saw the same version, the second gets a conflict. */
export class LeaseServer {
  #version = 0;
  lease: Lease | undefined;

  get(): Lease {
    if (!this.lease) throw new ApiError(404, 'NotFound', 'there is no Lease');
    return structuredClone(this.lease);
  }
  create(lease: Lease): Lease {
    if (this.lease) throw new ApiError(409, 'AlreadyExists', 'there is one');
    return this.#store(lease);
  }
  update(lease: Lease): Lease {
    if (lease.metadata.resourceVersion !== this.get().metadata.resourceVersion)
      throw new ApiError(409, 'Conflict', 'it has changed');
    return this.#store(lease);
  }

  #store(lease: Lease): Lease {
    this.lease = structuredClone({
      ...lease,
      metadata: { ...lease.metadata, resourceVersion: String(++this.#version) },
    });
    return structuredClone(this.lease);
  }
}

/** Both clocks of another machine: they run alike and agree on nothing. The process on it may be stopped. */
class MachineClock implements Clock {
  readonly #time: ManualClock;
  readonly #offsetMs: number;
  #waiting: (() => void)[] = [];
  #stopped = false;

  constructor(time: ManualClock, offsetMs: number) {
    this.#time = time;
    this.#offsetMs = offsetMs;
  }
  readonly now = () => momentAfter(this.#time.now(), this.#offsetMs);
  readonly wallClock = () => (this.#time.wallClock() - 7 * this.#offsetMs) as WallTime;
  after(ms: number, run: () => void): () => void {
    let cancelled = false;
    const cancel = this.#time.after(ms, () => {
      if (this.#stopped) this.#waiting.push(() => cancelled || run());
      else run();
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }
  get stopped(): boolean {
    return this.#stopped;
  }
  stop(): void {
    this.#stopped = true;
  }
  resume(): void {
    this.#stopped = false;
    for (const run of this.#waiting.splice(0)) run();
  }
}

export interface CandidateOptions {
  readonly time: ManualClock;
  readonly server: LeaseServer;
  readonly name: string;
  readonly timings: LeaseTimings;
  /** Milliseconds between its clock and the others'. */
  readonly offsetMs: number;
  readonly random: () => number;
}

/** A process that would be leader. */
export class SimulatedCandidate {
  readonly leader: LeaseLeader;
  readonly failures: unknown[] = [];
  /** Holder of the Lease at each answered attempt, and whether it was renewed. */
  readonly seen: string[] = [];
  readonly #clock: MachineClock;
  readonly #time: ManualClock;
  readonly #stopping = new AbortController();
  readonly ended: Promise<void>;
  /** Milliseconds a request is under way, and again its answer. */
  latencyMs = 1;
  /** Fate of requests: they arrive, never arrive, or arrive without an answer. */
  link: 'up' | 'down' | 'deaf' = 'up';
  /** Milliseconds the duty takes to end. */
  endMs = 0;
  /** Changes of its leadership, with their times. */
  readonly turns: { readonly at: number; readonly what: 'begin' | 'ending' | 'ended' }[] = [];

  constructor({ time, server, name, timings, offsetMs, random }: CandidateOptions) {
    this.#time = time;
    this.#clock = new MachineClock(time, offsetMs);
    const send = <T>(act: () => T) => this.#send(timings, act);
    this.leader = new LeaseLeader({
      identity: name,
      timings,
      clock: this.#clock,
      random,
      namespace: 'system',
      name: 'operator',
      client: {
        get: <T>() => send(() => server.get() as T),
        create: (_, lease) => send(() => server.create(lease)),
        update: (_, lease) => send(() => server.update(lease)),
      },
      onLeadershipChange: () => {},
      onAttempt: (holder, renewed) => this.seen.push(renewed ? `${holder} renewed` : holder),
      onFailure: error => this.failures.push(error),
    });
    const note = (what: 'begin' | 'ending' | 'ended') => this.turns.push({ at: time.now(), what });
    const duty = {
      begin: () => void note('begin'),
      end: async () => {
        note('ending');
        await this.#wait(this.endMs);
        note('ended');
      },
    };
    this.ended = this.leader.run(duty, this.#stopping.signal);
  }

  /** True if it acts as leader; a stopped process does not. */
  get acts(): boolean {
    return !this.#clock.stopped && this.leader.holds();
  }
  get begun(): number {
    return this.turns.filter(({ what }) => what === 'begin').length;
  }
  /** As SIGSTOP: nothing runs, time passes. */
  stop(): void {
    this.#clock.stop();
  }
  /** As SIGCONT. */
  resume(): void {
    this.#clock.resume();
  }
  /** As SIGTERM. */
  terminate(): void {
    this.#stopping.abort();
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>(resolve => this.#clock.after(ms, resolve));
  }

  async #send<T>({ renewMs }: LeaseTimings, act: () => T): Promise<T> {
    const timeout = this.#wait(renewMs / 2).then(() => {
      throw new Error('no answer');
    });
    if (this.link === 'down') return await timeout;
    const answer = this.#arrives().then(act);
    return await Promise.race([timeout, answer.then(() => this.#answered()).then(() => answer)]);
  }

  /** A request that is under way goes on while its sender is stopped. */
  async #arrives(): Promise<void> {
    await new Promise<void>(resolve => this.#time.after(this.latencyMs, resolve));
  }

  async #answered(): Promise<void> {
    if (this.link === 'up') await this.#wait(this.latencyMs);
    else await new Promise(() => {});
  }
}
