import { type Clock, sleep } from '../../server/time/clock.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { errorText } from '../kube/error-text.ts';
import { RESOURCES } from '../kube/resources.ts';
import {
  afterConflict,
  afterRead,
  afterWrite,
  type Candidate,
  claim,
  type Election,
  exclusiveForMs,
  isHeldBy,
  type Lease,
  mayLeadForMs,
  release,
  UNKNOWN,
} from './election.ts';
import { type Leader, type LeaderDuty, NotLeader } from './leader.ts';

/** Settings of a {@link LeaseLeader}. */
export interface LeaseLeaderOptions extends Candidate {
  /** Client for the Lease. Its time-out should be well below `timings.renewMs`, so that a second attempt fits in. */
  readonly client: Pick<KubeClient, 'get' | 'create' | 'update'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Namespace of the Lease. */
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Called when this process becomes leader and when it stops being leader. */
  readonly onLeadershipChange: (leads: boolean) => void;
  /** Called for an attempt that failed; the next one follows. */
  readonly onFailure: (error: unknown) => void;
  /**
   * Called for an attempt that got an answer. @param holder identity, empty while the Lease is free @param renewed true if
   * it was written
   */
  readonly onAttempt?: (holder: string, renewed: boolean) => void;
}

/** Share by which the time between attempts varies: attempts of several candidates must not stay in step. */
const JITTER = 0.2;

/** A {@link Leader} that leads while it holds a Lease. `election.ts` explains what that guarantees. */
export class LeaseLeader implements Leader {
  readonly #options: LeaseLeaderOptions;
  #election: Election = UNKNOWN;
  /** Ends the current term; undefined between terms. */
  #endTerm: (() => void) | undefined;
  /** Resolves when the duty of the last term has ended. */
  #ended: Promise<void> = Promise.resolve();
  #cancelExpiry = () => {};
  /** Failed attempts in a row: time of the first, error of the last. */
  #failure: { readonly since: number; readonly error: unknown } | undefined;

  constructor(options: LeaseLeaderOptions) {
    this.#options = options;
  }

  /** True if this process may act as leader at this very moment. */
  holds(): boolean {
    return mayLeadForMs(this.#election, this.#options, this.#options.clock.now()) > 0;
  }

  mayWriteMs(): number {
    if (!this.holds()) throw new NotLeader();
    return exclusiveForMs(this.#election, this.#options, this.#options.clock.now());
  }

  ageMs(): number | undefined {
    const { renewedAt } = this.#election;
    return renewedAt === undefined ? undefined : this.#options.clock.now() - renewedAt;
  }

  trouble(): { failingMs: number; problem: string } | undefined {
    if (!this.#failure) return undefined;
    const { since, error } = this.#failure;
    return { failingMs: this.#options.clock.now() - since, problem: errorText(error) };
  }

  async run(duty: LeaderDuty, signal: AbortSignal): Promise<void> {
    const { clock, random, timings, onAttempt, onFailure } = this.#options;
    signal.addEventListener('abort', () => this.#endTerm?.(), { once: true });
    while (!signal.aborted) {
      const startedAt = clock.now();
      try {
        const renewed = await this.#attempt();
        this.#failure = undefined;
        onAttempt?.(this.#election.lease?.spec?.holderIdentity ?? '', renewed);
      } catch (error) {
        this.#failure = { since: this.#failure?.since ?? startedAt, error };
        if (!signal.aborted) onFailure(error);
      }
      if (!signal.aborted) await this.#follow(duty);
      // An attempt that timed out has used up the time until the next one.
      const waitMs = timings.retryMs * (1 + JITTER * (random() * 2 - 1)) - (clock.now() - startedAt);
      await sleep(clock, Math.max(0, waitMs), signal);
    }
    this.#endTerm?.();
    await this.#ended;
    await this.#resign();
  }

  /** Renews the Lease, or takes it if it is free. @returns true if this process now holds it */
  async #attempt(): Promise<boolean> {
    // The holder knows the version of the Lease: reading it first would take time away from the renewal.
    if (isHeldBy(this.#options, this.#election.lease) && (await this.#write())) return true;
    const { client, namespace, name, clock } = this.#options;
    const lease = await client.get<Lease>(RESOURCES.leases, namespace, name).catch(ignore(404));
    this.#election = afterRead(this.#election, this.#options, lease, clock.now());
    return await this.#write();
  }

  /** Writes the Lease. @returns true if this process now holds it; false when another one was faster */
  async #write(): Promise<boolean> {
    const { client, namespace, name, clock } = this.#options;
    const askedAt = clock.now();
    const wanted = claim(this.#election, this.#options, { namespace, name }, askedAt, new Date(clock.wallClock()));
    if (!wanted) return false;
    const write = this.#election.lease ? client.update : client.create;
    const written = await write.call(client, RESOURCES.leases, wanted).catch(ignore(404, 409));
    this.#election = written ? afterWrite(written, askedAt) : afterConflict(this.#election, this.#options, clock.now());
    return written !== undefined;
  }

  /** Begins or ends the term as the Lease demands. */
  async #follow(duty: LeaderDuty): Promise<void> {
    const { clock } = this.#options;
    // The end of the last term must not overlap with the beginning of the next one.
    if (!this.#endTerm) await this.#ended;
    const leadMs = mayLeadForMs(this.#election, this.#options, clock.now());
    if (leadMs === 0) {
      this.#endTerm?.();
      return;
    }
    this.#cancelExpiry();
    this.#cancelExpiry = clock.after(leadMs, () => this.#endTerm?.());
    if (this.#endTerm) return;
    this.#endTerm = () => {
      this.#endTerm = undefined;
      this.#cancelExpiry();
      this.#ended = duty.end();
      this.#options.onLeadershipChange(false);
    };
    this.#options.onLeadershipChange(true);
    duty.begin();
  }

  async #resign(): Promise<void> {
    const { client, clock, onFailure } = this.#options;
    const lease = release(this.#election, this.#options, new Date(clock.wallClock()));
    this.#election = UNKNOWN;
    if (lease) await client.update(RESOURCES.leases, lease).catch(ignore(404, 409)).catch(onFailure);
  }
}

function ignore(...codes: readonly number[]): (error: unknown) => undefined {
  return error => {
    if (error instanceof ApiError && codes.includes(error.code)) return undefined;
    throw error;
  };
}
