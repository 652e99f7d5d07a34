import type { FleetInput, FleetPlan } from '../../../operator/fleet/fleet.ts';
import { refusingOf } from '../../../operator/fleet/observe.ts';
import { FirstSeen } from '../../../operator/process/first-seen.ts';
import { type ApiServer, Away, Conflict } from './api-server.ts';
import type { Chance } from './chance.ts';
import type { Faults } from './faults.ts';
import type { Load, Memory, Wishes } from './observe.ts';
import { observe } from './observe.ts';
import type { Timeline } from './timeline.ts';
import { View, type Views } from './view.ts';
import { type Now, type Write, writesOf } from './writes.ts';

export type Planner = (input: FleetInput) => FleetPlan;

export interface OperatorSurroundings {
  readonly api: ApiServer;
  readonly time: Timeline;
  readonly chance: Chance;
  readonly planner: Planner;
  readonly wishes: Readonly<Wishes>;
  /** Longest time after which a watch tells of a change. */
  readonly watchLagMs: number;
  readonly pollMs: number;
  /** Asks a pod for its connections; undefined without an answer. */
  readonly ask: (pod: string) => Omit<Load, 'at'> | undefined;
  readonly faults: Faults;
  /** Milliseconds by which its time of day is ahead of the API server's. */
  readonly wallAhead: () => number;
  readonly onPlan: (plan: FleetPlan) => void;
  /** Told of each write that succeeded. @returns whether the operator survives it */
  readonly onWrite: (what: string) => boolean;
}

/** Passes are at least this far apart, as in the operator's queue. */
const MIN_INTERVAL_MS = 200;

/** One operator process: it starts knowing only what it lists, looks, plans, writes, and may be killed between two writes. */
export class SimulatedOperator {
  readonly #with: OperatorSurroundings;
  readonly #views: Views;
  readonly #memory: Memory = {
    loads: new Map(),
    unofferedSince: new Map(),
    cutOffSince: new Map(),
    firstSeen: new FirstSeen(),
    shortSince: undefined,
  };
  /** Its clock begins somewhere. */
  readonly #bornAt: number;
  #alive = true;
  #busy = false;
  #due = Number.POSITIVE_INFINITY;
  #lastPass = Number.NEGATIVE_INFINITY;

  constructor(surroundings: OperatorSurroundings) {
    this.#with = surroundings;
    const { api, time, chance, watchLagMs } = surroundings;
    this.#bornAt = time.now;
    const changed = () => this.wake();
    this.#views = {
      pods: new View(api, api.pods, time, chance, watchLagMs, changed),
      deployments: new View(api, api.deployments, time, chance, watchLagMs, changed),
      services: new View(api, api.services, time, chance, watchLagMs, changed),
      slices: new View(api, api.slices, time, chance, watchLagMs, changed),
      nodes: new View(api, api.nodes, time, chance, watchLagMs, changed),
    };
    this.#poll();
    this.wake();
  }

  /** SIGKILL. A request that is on its way may still arrive. */
  kill(): void {
    this.#alive = false;
  }

  /** Asks for a pass soon, or after `ms` at the latest. */
  wake(ms = 0): void {
    if (!this.#alive) return;
    const { time } = this.#with;
    const at = Math.max(time.now + ms, this.#lastPass + MIN_INTERVAL_MS);
    if (at >= this.#due) return;
    this.#due = at;
    time.after(at - time.now, () => {
      if (this.#due !== at || this.#busy || !this.#alive) return;
      this.#pass();
    });
  }

  /** Milliseconds that never run backwards. */
  get #now(): number {
    return this.#with.time.now - this.#bornAt;
  }

  /** The times of a write. */
  get #stamps(): Now {
    const { time, wallAhead } = this.#with;
    return { server: time.now, wall: time.now + wallAhead() };
  }

  #poll(): void {
    if (!this.#alive) return;
    const { ask, chance, faults, pollMs, time } = this.#with;
    for (const { name } of this.#views.pods.list())
      time.after(chance.between(10, 200), () => {
        const askedAt = this.#now;
        const gateway = faults.isPollLost ? undefined : ask(name);
        const said = gateway && {
          connections: gateway.connections,
          refusing: gateway.refusing,
          natsUp: gateway.natsUp,
        };
        // An answer takes its time, too.
        time.after(chance.between(0, faults.slowestMs), () => {
          const known = this.#memory.loads.get(name);
          if (known && known.at > askedAt) return;
          // Silence is what it said last, but nobody is taken for empty by it.
          if (said === undefined && known?.connections === 0) this.#memory.loads.delete(name);
          if (said !== undefined) this.#memory.loads.set(name, { ...said, at: askedAt });
          const isNews = (['connections', 'refusing', 'natsUp'] as const).some(fact => known?.[fact] !== said?.[fact]);
          if (isNews) this.wake();
        });
      });
    time.after(pollMs, () => this.#poll());
  }

  #pass(): void {
    const { onPlan, planner, time, wishes } = this.#with;
    this.#due = Number.POSITIVE_INFINITY;
    this.#lastPass = time.now;
    this.#busy = true;
    const clocks = { now: this.#now, wall: this.#stamps.wall };
    const input = observe(this.#views, this.#memory, { ...wishes }, clocks);
    const plan = planner(input);
    this.#memory.shortSince = plan.short ? (input.shortSince ?? input.now) : undefined;
    onPlan(plan);
    this.#write(writesOf(plan, this.#views, refusingOf(input.pods)), plan.againMs);
  }

  /** @param open objects whose write was refused, or waits for such a one */
  #write(writes: readonly Write[], againMs: number | undefined, open: ReadonlySet<string> = new Set()): void {
    const { api, chance, faults, onWrite, time } = this.#with;
    const [next, ...rest] = writes;
    if (!this.#alive) return;
    if (!next) return this.#ended(open.size > 0 ? this.#afterRefusal() : againMs);
    if (faults.refuses(next.object) || next.needs?.some(object => open.has(object)))
      return this.#write(rest, againMs, new Set([...open, next.object]));
    time.after(chance.between(5, 60), () => {
      if (!this.#alive) return;
      try {
        if (api.away) throw new Away();
        next.run(api, this.#stamps);
      } catch (error) {
        if (error instanceof Away || error instanceof Conflict) return this.#ended(chance.between(500, 1_500));
        throw error;
      }
      if (onWrite(next.what)) this.#write(rest, againMs, open);
      else this.#arriveLate(rest[0]);
    });
  }

  /** A backoff, without its longest part: nothing new comes of it. */
  #afterRefusal(): number {
    return this.#with.chance.between(500, 5_000);
  }

  #arriveLate(write: Write | undefined): void {
    const { api, chance, onWrite, time } = this.#with;
    time.after(chance.between(0, 3_000), () => {
      try {
        if (!write || api.away || this.#with.faults.refuses(write.object)) return;
        write.run(api, this.#stamps);
        onWrite(`late: ${write.what}`);
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
      }
    });
  }

  #ended(againMs: number | undefined): void {
    this.#busy = false;
    const missed = this.#due;
    this.#due = Number.POSITIVE_INFINITY;
    if (missed !== Number.POSITIVE_INFINITY) this.wake(Math.max(0, missed - this.#with.time.now));
    if (againMs !== undefined) this.wake(againMs);
  }
}
