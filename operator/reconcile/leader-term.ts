import { setImmediate as othersFirst } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../../server/time/clock.ts';
import { Repeats } from '../../server/time/repeats.ts';
import type { AskPod } from '../api/ask-pod.ts';
import { Probes } from '../ask/probes.ts';
import { FIELD_MANAGER } from '../desired/names.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { errorFields, errorText } from '../kube/error-text.ts';
import type { Metrics } from '../process/metrics.ts';
import type { QueueState } from '../process/work-metrics.ts';
import { forgetAll } from '../report/measure.ts';
import { Recorder } from '../report/recorder.ts';
import type { Caches } from '../watch/caches.ts';
import type { CrdCheck } from '../watch/crd-check.ts';
import { WorkQueue } from './queue.ts';
import { Reconciler } from './reconciler.ts';
import { wishOf } from './wish.ts';

export interface LeaderTermOptions {
  readonly config: {
    /** Image of ChatClusters that name none. */
    readonly defaultImage: string;
    /** Seconds between two questions to a pod. */
    readonly pollSeconds: number;
    /** ChatClusters worked on at the same time. */
    readonly concurrency: number;
    /** Writes a second, over all ChatClusters, that only an upgrade of the operator brings about. */
    readonly rewritesPerSecond: number;
    /** Who writes the Events: the pod's name. */
    readonly instance: string;
  };
  /** With all kinds listed. */
  readonly caches: Caches;
  readonly crd: Pick<CrdCheck, 'unknown'>;
  readonly client: KubeClient;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly ask: AskPod;
  readonly log: Logger;
}

/**
 * A pass that writes nothing waits for nothing: after so many, answers of pods and the renewal of the Lease have their turn. They
 * take some 100 ms, or half a second when each is the first of its ChatCluster. With fewer, passes wait where there is much to answer.
 */
const IN_A_ROW = 100;

/**
 * The work of one term as leader: asking pods, deciding, writing. Every term begins anew, from the caches; the term before may
 * have been another process's.
 */
export class LeaderTerm {
  readonly #queue: WorkQueue;
  readonly #metrics: Metrics;
  readonly #stopProbes: () => void;

  /** Starts with all ChatClusters. */
  constructor({ config, caches, crd, client, metrics, clock, random, ask, log }: LeaderTermOptions) {
    this.#metrics = metrics;
    const probes = new Probes({
      caches,
      ask: measured(ask, metrics),
      clock,
      random,
      intervalMs: config.pollSeconds * 1_000,
      onResult: (key, changed) => {
        const { gateway, worker } = caches.cluster(key)?.spec ?? {};
        const follows = [gateway, worker].some(component => component?.autoscaling.mode === 'Builtin');
        if (changed || follows) this.add(key);
      },
    });
    const repeats = new Repeats(clock.now);
    const recorder = new Recorder({
      client,
      clock,
      controller: FIELD_MANAGER,
      instance: config.instance,
      onFailure: error => {
        const reason = errorText(error);
        const news = repeats.news(reason);
        if (news) log.warn({ error: reason, ...news }, 'event not written');
      },
    });
    const { defaultImage, rewritesPerSecond } = config;
    const reconciler = new Reconciler({
      caches,
      crd,
      client,
      probes,
      recorder,
      metrics,
      clock,
      random,
      log,
      defaultImage,
      rewritesPerSecond,
    });
    const breath = breathing();
    this.#queue = new WorkQueue({
      clock,
      random,
      concurrency: config.concurrency,
      minIntervalMs: 200,
      backoff: { baseMs: 500, maxMs: 60_000 },
      wish: key => wishOf(caches.cluster(key)),
      run: async key => {
        await breath();
        const end = metrics.reconcileSeconds.startTimer();
        try {
          const again = await reconciler.run(key);
          metrics.reconciles.inc({ result: 'ok' });
          metrics.lastSuccess.set(clock.wallClock() / 1_000);
          return again;
        } catch (error) {
          metrics.reconciles.inc({ result: 'error' });
          log.warn({ key, ...errorFields(error) }, 'pass failed');
          throw error;
        } finally {
          end();
        }
      },
      retryAfterMs: error => (error instanceof ApiError ? error.retryAfterMs : 0),
      onAdd: () => metrics.queueAdds.inc(),
      onStart: waitedMs => metrics.queueWaitSeconds.observe(waitedMs / 1_000),
      onRetry: () => metrics.queueRetries.inc(),
    });
    for (const key of caches.keys()) this.add(key);
    this.#stopProbes = probes.start();
  }

  /** Wants a pass over the ChatCluster `key`. */
  add(key: string): void {
    this.#queue.add(key);
  }

  /** What waits and what runs at this moment. */
  get queue(): QueueState {
    return this.#queue.state;
  }

  /** Starts nothing more; resolves when the passes that run have ended. */
  async end(): Promise<void> {
    this.#stopProbes();
    await this.#queue.close();
    forgetAll(this.#metrics);
  }
}

/** @returns what each pass waits for as it begins */
function breathing(): () => Promise<void> {
  let inARow = 0;
  let pause: Promise<void> | undefined;
  return async () => {
    if (inARow < IN_A_ROW) inARow++;
    else {
      pause ??= othersFirst().then(() => {
        pause = undefined;
        inARow = 0;
      });
      await pause;
    }
  };
}

/** Counts what is asked, and how long it takes. */
function measured(ask: AskPod, { probes, probeSeconds }: Metrics): AskPod {
  return async (pod, port, path) => {
    const end = probeSeconds.startTimer();
    try {
      const answer = await ask(pod, port, path);
      probes.inc({ result: 'answered' });
      return answer;
    } catch (error) {
      probes.inc({ result: 'failed' });
      throw error;
    } finally {
      end();
    }
  };
}
