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
    /** Seconds between two rounds of questions to the pods of a ChatCluster. */
    readonly pollSeconds: number;
    /** Passes at the same time. */
    readonly concurrency: number;
    /** Writes a second, over all ChatClusters, that only an upgrade of the operator causes. */
    readonly rewritesPerSecond: number;
    /** Name of this process in Events: the pod's. */
    readonly instance: string;
  };
  /** Caches in which all kinds are listed. */
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
 * Passes in a row before other work of the event loop runs, such as answers of pods and the renewal of the Lease: a pass that writes
 * nothing waits for no I/O. So many take some 100 ms, or half a second if each is the first of its ChatCluster. With fewer, passes
 * would wait behind many answers.
 */
const IN_A_ROW = 100;

/**
 * The work of one term as leader: asks pods, decides, writes. Every term starts from the caches alone; the term before may have
 * been another process's.
 */
export class LeaderTerm {
  readonly #queue: WorkQueue;
  readonly #metrics: Metrics;
  readonly #stopProbes: () => void;

  /** Starts a pass over every ChatCluster, and the rounds of questions. */
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
    const yieldToOthers = yielding();
    this.#queue = new WorkQueue({
      clock,
      random,
      concurrency: config.concurrency,
      minIntervalMs: 200,
      backoff: { baseMs: 500, maxMs: 60_000 },
      wish: key => wishOf(caches.cluster(key)),
      run: async key => {
        await yieldToOthers();
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

  /** Requests a pass over the ChatCluster `key`. */
  add(key: string): void {
    this.#queue.add(key);
  }

  /** Waiting and running passes at this moment. */
  get queue(): QueueState {
    return this.#queue.state;
  }

  /** Starts no further pass; resolves when the running ones have ended. */
  async end(): Promise<void> {
    this.#stopProbes();
    await this.#queue.close();
    forgetAll(this.#metrics);
  }
}

/** @returns a function that each pass awaits as it begins: after {@link IN_A_ROW} passes it lets other work run */
function yielding(): () => Promise<void> {
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

/** `ask` with metrics: number of answers and failures, and seconds. */
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
