import type { Clock } from '../../server/time/clock.ts';
import type { AskPod } from '../api/ask-pod.ts';
import type { Pod } from '../api/kube-object.ts';
import { trafficOf } from '../api/traffic.ts';
import { FairSlots } from './fair-slots.ts';

/** Settings of {@link Questions}. */
export interface QuestionsOptions {
  readonly ask: AskPod;
  readonly clock: Clock;
  /** Milliseconds between two questions to a pod that answers. */
  readonly intervalMs: number;
}

/** Questions open at a time to pods that normally answer: over all ChatClusters, and of one. */
const SLOTS = { total: 64, each: 16 };
/**
 * Milliseconds after which a question gives its slot to the next one. An answer takes a few milliseconds, also across zones
 * and with a busy event loop.
 */
const SLOW_MS = 250;
/** Most questions that wait for an answer without a slot: with a time-out of 2 s, as many as 64 slots can give away. */
const MAX_SLOW = 512;
/** Questions open at a time to pods that have been silent for long: over all ChatClusters, and of one. */
const SILENT_SLOTS = { total: 64, each: 8 };
/**
 * Unanswered questions in a row after which a pod is asked less and less often. Fewer are lost polls, and the pod is asked
 * in the next round as usual.
 */
const MISSES = 3;
/** Longest time between two questions to a silent pod, in milliseconds. */
const MAX_SILENCE_MS = 30_000;

/** Silence of a pod that did not answer the last question. */
interface Silence {
  readonly misses: number;
  /** Resource version of the pod at that time. A newer one may mean that the pod was repaired. */
  readonly version: string | undefined;
  readonly nextAt: number;
  readonly error: unknown;
}

/** True if the next step of a drain waits for the answer of this pod. */
function isBeingEmptied(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined || trafficOf(pod) !== undefined;
}

/** Questions to the pods of one ChatCluster. */
export interface Asking {
  /** Asks a pod. For a silent pod that is not due yet, it rejects at once with the last error. */
  readonly ask: AskPod;
  /** Forgets all other pods. Must be called before each round, else memory grows. */
  readonly keep: (pods: readonly Pod[]) => void;
}

/**
 * Bounds the questions to pods that are open at a time, shared fairly between ChatClusters however many pods each has.
 * Silent pods do not delay the others and are asked less often.
 */
export class Questions {
  readonly #options: QuestionsOptions;
  readonly #slots = new FairSlots(SLOTS.total, SLOTS.each);
  readonly #silentSlots = new FairSlots(SILENT_SLOTS.total, SILENT_SLOTS.each);
  #slow = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /**
   * Questions to the pods of one ChatCluster. What is known of silent pods belongs to the returned object.
   * @param key `namespace/name` of the ChatCluster
   */
  of(key: string): Asking {
    const silences = new Silences(this.#options);
    return {
      ask: async (pod, port, path) => {
        const silence = silences.of(pod);
        const send = () => silences.record(pod, this.#options.ask(pod, port, path));
        if (!silence || silence.misses < MISSES) return await this.#askResponsive(key, send);
        if (this.#options.clock.now() < silence.nextAt && !isBeingEmptied(pod)) throw silence.error;
        // A silent pod does not wait for a slot, because the round of its ChatCluster would wait too. It is asked in the
        // next round.
        if (!this.#silentSlots.tryAcquire(key)) throw silence.error;
        try {
          return await send();
        } finally {
          this.#silentSlots.release(key);
        }
      },
      keep: pods => silences.keep(pods),
    };
  }

  async #askResponsive(key: string, send: () => Promise<unknown>): Promise<unknown> {
    await this.#slots.acquire(key);
    let isSlow = false;
    const cancel = this.#options.clock.after(SLOW_MS, () => {
      if (this.#slow >= MAX_SLOW) return;
      isSlow = true;
      this.#slow++;
      this.#slots.release(key);
    });
    try {
      return await send();
    } finally {
      cancel();
      if (isSlow) this.#slow--;
      else this.#slots.release(key);
    }
  }
}

/** Silent pods of one ChatCluster. */
class Silences {
  readonly #options: Pick<QuestionsOptions, 'clock' | 'intervalMs'>;
  /** Silences by the pod's uid. */
  readonly #silent = new Map<string, Silence>();

  constructor(options: Pick<QuestionsOptions, 'clock' | 'intervalMs'>) {
    this.#options = options;
  }

  of(pod: Pod): Silence | undefined {
    const id = idOf(pod);
    const silence = this.#silent.get(id);
    if (!silence || silence.version === pod.metadata.resourceVersion) return silence;
    this.#silent.delete(id);
    return undefined;
  }

  /** Passes an answer on and records whether `pod` answered. */
  async record(pod: Pod, answering: Promise<unknown>): Promise<unknown> {
    try {
      const answer = await answering;
      this.#silent.delete(idOf(pod));
      return answer;
    } catch (error) {
      this.#note(pod, error);
      throw error;
    }
  }

  keep(pods: readonly Pod[]): void {
    const there = new Set(pods.map(idOf));
    for (const id of this.#silent.keys()) if (!there.has(id)) this.#silent.delete(id);
  }

  #note(pod: Pod, error: unknown): void {
    const { clock, intervalMs } = this.#options;
    const id = idOf(pod);
    const misses = (this.#silent.get(id)?.misses ?? 0) + 1;
    const waitMs = Math.min(MAX_SILENCE_MS, intervalMs * 2 ** Math.max(0, misses - MISSES));
    const nextAt = clock.now() + waitMs;
    this.#silent.set(id, { misses, version: pod.metadata.resourceVersion, nextAt, error });
  }
}

function idOf({ metadata }: Pod): string {
  return metadata.uid ?? metadata.name;
}
