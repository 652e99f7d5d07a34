import type { AskPod } from '../api/ask-pod.ts';
import { keepAnswers } from '../autoscale/last-answers.ts';
import { isOver, type LoadSample, readLoads } from '../autoscale/load-reader.ts';
import type { Clock } from '../clock.ts';
import { FirstSeen } from '../first-seen.ts';
import { type Backends, readBackends } from '../reconcile/backends.ts';
import type { Caches } from './caches.ts';

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
  /** Time between two rounds. */
  readonly intervalMs: number;
  /** Told after each round of a ChatCluster. @param changed whether the answers differ from the round before */
  readonly onResult: (key: string, changed: boolean) => void;
}

/** Requests to pods at the same time, over all ChatClusters. */
const CONCURRENCY = 64;
/** A worker that is busy for a moment is not yet silent. */
const SILENT_AFTER_MS = 15_000;

/** What a pass would do something about: rates and the lag differ in every round. */
function said(probe: Probe | undefined): string {
  const loads = probe?.loads.map(({ pod, ready, leaving, load }) => [
    pod,
    ready,
    leaving,
    load?.connections,
    load?.natsUp,
  ]);
  const { health, log, silence } = probe?.backends ?? {};
  return JSON.stringify([loads, health, log, silence]);
}

/**
 * Asks the pods of all ChatClusters, again and again, beside the work queue: a pod that does not answer delays nobody
 * but the next round of its own ChatCluster.
 */
export class Probes {
  readonly #options: ProbesOptions;
  readonly #results = new Map<string, Probe>();
  readonly #firstSeen = new Map<string, FirstSeen>();
  readonly #asking = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;

  constructor(options: ProbesOptions) {
    this.#options = options;
  }

  latest(key: string): Probe | undefined {
    return this.#results.get(key);
  }

  /** Asks the pods of a ChatCluster now, unless they are being asked. */
  refresh(key: string): void {
    void this.#probe(key);
  }

  /** Starts the rounds. @returns stops them */
  start(): () => void {
    let cancel = () => {};
    const round = () => {
      const keys = this.#options.caches.keys();
      const present = new Set(keys);
      for (const key of this.#firstSeen.keys()) if (!present.has(key)) this.#firstSeen.delete(key);
      for (const key of this.#results.keys()) if (!present.has(key)) this.#results.delete(key);
      for (const key of keys) void this.#probe(key);
      cancel = this.#options.clock.after(this.#options.intervalMs, round);
    };
    round();
    return () => cancel();
  }

  #firstSeenOf(key: string): FirstSeen {
    const held = this.#firstSeen.get(key) ?? new FirstSeen();
    this.#firstSeen.set(key, held);
    return held;
  }

  async #probe(key: string): Promise<void> {
    if (this.#asking.has(key)) return;
    this.#asking.add(key);
    const { caches, onResult, clock } = this.#options;
    const before = this.#results.get(key);
    const firstSeen = this.#firstSeenOf(key);
    firstSeen.begin();
    let after: Probe;
    try {
      const [loads, backends] = await Promise.all([
        readLoads(caches.pods(key, 'gateway'), this.#ask, pod => isOver(pod, firstSeen, clock.now())),
        readBackends(caches.pods(key, 'worker'), this.#ask),
      ]);
      const at = clock.now();
      const patient = !backends.health && before?.backends.health && at - before.healthAt < SILENT_AFTER_MS;
      after = {
        loads: keepAnswers(loads, before?.loads ?? [], at),
        backends: patient ? before.backends : backends,
        at,
        healthAt: backends.health || !before ? at : before.healthAt,
      };
      this.#results.set(key, after);
    } finally {
      this.#asking.delete(key);
    }
    onResult(key, said(before) !== said(after));
  }

  readonly #ask: AskPod = async (pod, port, path) => {
    if (this.#inFlight >= CONCURRENCY) await new Promise<void>(resolve => this.#waiting.push(resolve));
    else this.#inFlight++;
    try {
      return await this.#options.ask(pod, port, path);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inFlight--;
    }
  };
}
