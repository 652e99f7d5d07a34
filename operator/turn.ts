import type { Logger } from 'pino';
import type { AskPod } from './api/ask-pod.ts';
import { brief } from './brief.ts';
import type { Clock } from './clock.ts';
import type { OperatorConfig } from './config.ts';
import type { Caches } from './controller/caches.ts';
import { Probes } from './controller/probes.ts';
import { WorkQueue } from './controller/queue.ts';
import { Reconciler } from './controller/reconciler.ts';
import { Recorder } from './controller/recorder.ts';
import { wishOf } from './controller/wish.ts';
import { FIELD_MANAGER } from './desired/names.ts';
import type { KubeClient } from './kube/client.ts';
import type { Metrics } from './metrics.ts';

export interface TurnOptions {
  readonly config: Pick<OperatorConfig, 'defaultImage' | 'pollSeconds' | 'concurrency' | 'instance'>;
  /** With all kinds listed. */
  readonly caches: Caches;
  readonly client: KubeClient;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly ask: AskPod;
  readonly log: Logger;
}

/**
 * What an operator does while it is leader, and only then: it asks pods, decides, writes. Every turn begins anew, from the
 * caches; the turn before may have been another process's.
 */
export class Turn {
  readonly #queue: WorkQueue;
  readonly #metrics: Metrics;
  readonly #stopProbes: () => void;

  /** Starts with all ChatClusters. */
  constructor({ config, caches, client, metrics, clock, random, ask, log }: TurnOptions) {
    this.#metrics = metrics;
    const probes = new Probes({
      caches,
      ask,
      clock,
      intervalMs: config.pollSeconds * 1_000,
      onResult: (key, changed) => {
        const { gateway, worker } = caches.cluster(key)?.spec ?? {};
        const follows = [gateway, worker].some(component => component?.autoscaling.mode === 'Builtin');
        if (changed || follows) this.add(key);
      },
    });
    const recorder = new Recorder({
      client,
      clock,
      controller: FIELD_MANAGER,
      instance: config.instance,
      onFailure: error => log.warn({ error: brief(error) }, 'event not written'),
    });
    const { defaultImage } = config;
    const reconciler = new Reconciler({ caches, client, probes, recorder, metrics, clock, log, defaultImage });
    this.#queue = new WorkQueue({
      clock,
      random,
      concurrency: config.concurrency,
      minIntervalMs: 200,
      backoff: { baseMs: 500, maxMs: 60_000 },
      wish: key => wishOf(caches.cluster(key)),
      run: async key => {
        const end = metrics.reconcileSeconds.startTimer();
        try {
          const again = await reconciler.run(key);
          metrics.reconciles.inc({ result: 'ok' });
          return again;
        } catch (error) {
          metrics.reconciles.inc({ result: 'error' });
          log.warn({ key, error: brief(error) }, 'pass failed');
          throw error;
        } finally {
          end();
        }
      },
    });
    for (const key of caches.keys()) this.add(key);
    this.#stopProbes = probes.start();
  }

  /** Wants a pass over the ChatCluster `key`. */
  add(key: string): void {
    this.#queue.add(key);
  }

  /** ChatClusters that wait for their turn. */
  get depth(): number {
    return this.#queue.depth;
  }

  /** Starts nothing more; resolves when the passes that run have ended. */
  async end(): Promise<void> {
    this.#stopProbes();
    await this.#queue.close();
    // Another process measures them from now on.
    for (const gauge of [this.#metrics.gateways, this.#metrics.connections, this.#metrics.targets]) gauge.reset();
  }
}
