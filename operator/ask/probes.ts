import type { Clock } from '../../server/time/clock.ts';
import type { AskPod } from '../api/ask-pod.ts';
import { withCachedAnswers } from '../autoscale/cached-answers.ts';
import { FirstSeen } from '../process/first-seen.ts';
import type { Caches } from '../watch/caches.ts';
import { type Backends, readBackends } from './backends.ts';
import { isOver, type LoadSample, readLoads } from './loads.ts';
import { type Asking, Questions } from './questions.ts';

/** What the pods of one ChatCluster said when they were last asked. */
export interface Probe {
  readonly loads: readonly LoadSample[];
  readonly backends: Backends;
  /** When the answers came, by {@link Clock.now}. */
  readonly at: number;
  /** When a worker last answered, by {@link Clock.now}. */
  readonly healthAt: number;
}

export interface ProbesOptions {
  readonly caches: Pick<Caches, 'keys' | 'pods'>;
  readonly ask: AskPod;
  readonly clock: Clock;
  /** From 0 to 1: spreads the rounds of all ChatClusters over the interval. */
  readonly random: () => number;
  /** Time between two rounds of a ChatCluster. */
  readonly intervalMs: number;
  /** Told after each round of a ChatCluster. @param changed whether the answers differ from the round before */
  readonly onResult: (key: string, changed: boolean) => void;
}

/** Where nothing depends on the answers, there are fewer rounds by this factor: one in 30 s instead of 5 s. */
const QUIET = 6;
/** How finely rounds are spread. */
const TICK_MS = 100;
/** A worker that is busy for a moment is not yet silent. */
const SILENT_AFTER_MS = 15_000;

/** What a pass would do something about: rates and the lag differ in every round. */
function fingerprint(probe: Probe | undefined): string {
  const loads = probe?.loads.map(({ pod, ready, leaving, load }) => [
    pod,
    ready,
    leaving,
    load?.connections,
    load?.natsUp,
    load?.refused,
    load?.refusing,
  ]);
  const { health, log, copies, refused, silence } = probe?.backends ?? {};
  return JSON.stringify([loads, health, log, copies, refused, silence]);
}

/** When a ChatCluster has its rounds. */
interface Schedule {
  /** When its pods are asked next. */
  due: number;
  quiet: boolean;
  asking: boolean;
  readonly questions: Asking;
  readonly firstSeen: FirstSeen;
}

/**
 * Asks the pods of all ChatClusters, again and again, beside the work queue, each ChatCluster at a time of its own. A pod that
 * does not answer delays nobody but the next round of its own ChatCluster.
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

  latest(key: string): Probe | undefined {
    return this.#results.get(key);
  }

  /** Asks the pods of a ChatCluster now, unless they are being asked. */
  refresh(key: string): void {
    const schedule = this.#schedules.get(key);
    if (schedule) this.#round(key, schedule, this.#options.clock.now());
  }

  /** Says whether anything depends on what the pods of a ChatCluster say. Until it is said, something does. */
  pace(key: string, quiet: boolean): void {
    const schedule = this.#schedules.get(key);
    if (!schedule || schedule.quiet === quiet) return;
    schedule.quiet = quiet;
    // What is known may be half a minute old.
    if (!quiet) schedule.due = this.#options.clock.now();
    else schedule.due += this.#options.random() * (QUIET - 1) * this.#options.intervalMs;
  }

  /** Starts the rounds. @returns stops them */
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

  /** The first answers are waited for; the second ones come early, so that those that began together part. */
  #begin(key: string, now: number): void {
    const { random, intervalMs } = this.#options;
    const questions = this.#questions.of(key);
    const schedule = { due: now, quiet: false, asking: false, questions, firstSeen: new FirstSeen() };
    this.#schedules.set(key, schedule);
    this.#round(key, schedule, now);
    schedule.due = now + random() * intervalMs;
  }

  /** @param at when it was due */
  #round(key: string, schedule: Schedule, at: number): void {
    if (schedule.asking) return;
    const everyMs = this.#options.intervalMs * (schedule.quiet ? QUIET : 1);
    // Missed rounds are not made up for: that of an operator that is late would come on top of what makes it late.
    const lateMs = this.#options.clock.now() - at;
    schedule.due = at + everyMs + (lateMs > TICK_MS ? lateMs : 0);
    void this.#probe(key, schedule);
  }

  async #probe(key: string, schedule: Schedule): Promise<void> {
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
    // Gone meanwhile.
    if (this.#schedules.get(key) !== schedule) return;
    this.#results.set(key, after);
    onResult(key, fingerprint(before) !== fingerprint(after));
  }
}
