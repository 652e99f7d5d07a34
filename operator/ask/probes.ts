import type { Clock } from '../../server/time/clock.ts';
import type { AskPod } from '../api/ask-pod.ts';
import { withCachedAnswers } from '../autoscale/cached-answers.ts';
import { FirstSeen } from '../process/first-seen.ts';
import type { Caches } from '../watch/caches.ts';
import { type Backends, readBackends } from './backends.ts';
import { isOver, type LoadSample, readLoads } from './loads.ts';
import { type Asking, Questions } from './questions.ts';

/** Last answers of the gateways and workers of one ChatCluster. */
export interface Probe {
  readonly loads: readonly LoadSample[];
  readonly backends: Backends;
  /** Time of the answers, by {@link Clock.now}. */
  readonly at: number;
  /** Time of the last answer of a worker, by {@link Clock.now}. */
  readonly healthAt: number;
}

/** Settings of {@link Probes}. */
export interface ProbesOptions {
  readonly caches: Pick<Caches, 'keys' | 'pods'>;
  readonly ask: AskPod;
  readonly clock: Clock;
  /** Random number from 0 to 1, which spreads the rounds of all ChatClusters over the interval. */
  readonly random: () => number;
  /** Milliseconds between two rounds of a ChatCluster. */
  readonly intervalMs: number;
  /**
   * Called after each round of a ChatCluster. @param changed true if the fingerprint differs from that of the round before
   */
  readonly onResult: (key: string, changed: boolean) => void;
}

/** Factor by which rounds are rarer where nothing depends on the answers: one in 30 s instead of 5 s. */
const QUIET = 6;
/** Milliseconds between two looks for ChatClusters that are due. */
const TICK_MS = 100;
/** Time without an answer before workers count as silent: a worker may be busy for a moment. */
const SILENT_AFTER_MS = 15_000;

/**
 * Fingerprint of a probe: the answers that can change a pass. Rates and lags are left out, because they differ in every
 * round.
 */
function fingerprint(probe: Probe | undefined): string {
  const loads = probe?.loads.map(({ pod, ready, leaving, load }) => [
    pod,
    ready,
    leaving,
    load?.connections,
    load?.natsUp,
    load?.refused,
    load?.refusing,
    load?.featuresLeftOut,
  ]);
  const { health, log, copies, folds, refused, silence } = probe?.backends ?? {};
  return JSON.stringify([loads, health, log, copies, folds?.reason, refused, silence]);
}

/** Rounds of one ChatCluster. */
interface Schedule {
  /** Time of the next round, by {@link Clock.now}. */
  due: number;
  quiet: boolean;
  asking: boolean;
  readonly questions: Asking;
  readonly firstSeen: FirstSeen;
}

/**
 * Asks the gateways and workers of all ChatClusters in rounds, beside the work queue, each ChatCluster at a time of its
 * own. A pod that does not answer delays only the next round of its own ChatCluster.
 */
export class Probes {
  readonly #options: ProbesOptions;
  readonly #questions: Questions;
  readonly #results = new Map<string, Probe>();
  readonly #schedules = new Map<string, Schedule>();

  constructor(options: ProbesOptions) {
    this.#options = options;
    this.#questions = new Questions(options);
  }

  /** Answers of the last complete round; undefined before the first one. */
  latest(key: string): Probe | undefined {
    return this.#results.get(key);
  }

  /**
   * Starts a round of a ChatCluster now, unless one is running, or its answers are younger than `minAgeMs`, or there are none
   * yet: the first round has begun by itself.
   */
  refresh(key: string, minAgeMs: number): void {
    const schedule = this.#schedules.get(key);
    const now = this.#options.clock.now();
    const latest = this.#results.get(key);
    if (schedule && latest && now - latest.at >= minAgeMs) this.#round(key, schedule, now);
  }

  /**
   * Sets the pace of a ChatCluster. @param quiet true if nothing depends on its answers: rounds are rarer then. Initially
   * false
   */
  pace(key: string, quiet: boolean): void {
    const schedule = this.#schedules.get(key);
    if (!schedule || schedule.quiet === quiet) return;
    schedule.quiet = quiet;
    // The last answers may be half a minute old.
    if (!quiet) schedule.due = this.#options.clock.now();
    else schedule.due += this.#options.random() * (QUIET - 1) * this.#options.intervalMs;
  }

  /** Starts the rounds. @returns a function that stops them */
  start(): () => void {
    const { clock } = this.#options;
    let cancel = () => {};
    const tick = () => {
      this.#tick();
      cancel = clock.after(TICK_MS, tick);
    };
    tick();
    return () => cancel();
  }

  #tick(): void {
    const { caches, clock } = this.#options;
    const now = clock.now();
    const keys = caches.keys();
    for (const key of keys) {
      const schedule = this.#schedules.get(key);
      if (!schedule) this.#begin(key, now);
      else if (schedule.due <= now) this.#round(key, schedule, schedule.due);
    }
    if (keys.length === this.#schedules.size) return;
    const present = new Set(keys);
    for (const key of this.#schedules.keys()) {
      if (present.has(key)) continue;
      this.#schedules.delete(key);
      this.#results.delete(key);
    }
  }

  /**
   * Starts the first round at once, because passes wait for it. The second one comes at a random time within the interval,
   * so that ChatClusters that began together are spread.
   */
  #begin(key: string, now: number): void {
    const { random, intervalMs } = this.#options;
    const questions = this.#questions.of(key);
    const schedule = { due: now, quiet: false, asking: false, questions, firstSeen: new FirstSeen() };
    this.#schedules.set(key, schedule);
    this.#round(key, schedule, now);
    schedule.due = now + random() * intervalMs;
  }

  /** Starts a round, unless one is running. @param at time at which it was due */
  #round(key: string, schedule: Schedule, at: number): void {
    if (schedule.asking) return;
    const everyMs = this.#options.intervalMs * (schedule.quiet ? QUIET : 1);
    // Missed rounds are skipped: catching up would add load to an operator that is late already.
    const lateMs = this.#options.clock.now() - at;
    schedule.due = at + everyMs + (lateMs > TICK_MS ? lateMs : 0);
    void this.#ask(key, schedule);
  }

  async #ask(key: string, schedule: Schedule): Promise<void> {
    const { caches, onResult, clock } = this.#options;
    schedule.asking = true;
    schedule.firstSeen.begin();
    const before = this.#results.get(key);
    const { ask, keep } = schedule.questions;
    const gateways = caches.pods(key, 'gateway');
    const workers = caches.pods(key, 'worker');
    keep([...gateways, ...workers]);
    let after: Probe;
    try {
      const [loads, backends] = await Promise.all([
        readLoads(gateways, ask, pod => isOver(pod, schedule.firstSeen, clock.now())),
        readBackends(workers, ask),
      ]);
      const at = clock.now();
      const patient = !backends.health && before?.backends.health && at - before.healthAt < SILENT_AFTER_MS;
      after = {
        loads: withCachedAnswers(loads, before?.loads ?? [], at),
        backends: patient ? before.backends : backends,
        at,
        healthAt: backends.health || !before ? at : before.healthAt,
      };
    } finally {
      schedule.asking = false;
    }
    // The ChatCluster was deleted meanwhile.
    if (this.#schedules.get(key) !== schedule) return;
    this.#results.set(key, after);
    onResult(key, fingerprint(before) !== fingerprint(after));
  }
}
