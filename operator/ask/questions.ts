import type { Clock } from '../../server/time/clock.ts';
import type { AskPod } from '../api/ask-pod.ts';
import type { Pod } from '../api/kube-object.ts';
import { trafficOf } from '../api/traffic.ts';
import { FairSlots } from './fair-slots.ts';

export interface QuestionsOptions {
  readonly ask: AskPod;
  readonly clock: Clock;
  /** Time between two questions to a pod that answers. */
  readonly intervalMs: number;
}

/** Pods that are asked and may well answer, over all ChatClusters and of one. */
const SLOTS = { total: 64, each: 16 };
/** Who has not answered by then gives its slot to the next. An answer takes a few milliseconds, across zones and with a busy event loop too. */
const SLOW_MS = 250;
/** Most questions that wait for an answer after giving their slot away: with a time-out of 2 s, what 64 slots give away. */
const MAX_SLOW = 512;
/** Pods that are asked although they have been silent for long, over all ChatClusters and of one. */
const SILENT_SLOTS = { total: 64, each: 8 };
/** A pod that missed so many questions in a row is asked less and less often. Fewer are lost polls, which are asked again at once. */
const MISSES = 3;
/** The longest time between two questions to a pod that does not answer. */
const MAX_SILENCE_MS = 30_000;

/** A pod that did not answer the last question. */
interface Silence {
  readonly misses: number;
  /** What the pod object was then. A change of it may be the mending. */
  readonly version: string | undefined;
  readonly nextAt: number;
  readonly error: unknown;
}

/** Whether the next step waits for what it says. */
function isBeingEmptied(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined || trafficOf(pod) !== undefined;
}

/** Asks the pods of one ChatCluster. */
export interface Asking {
  /** Asks a pod; rejects at once for one that is not to be asked yet. */
  readonly ask: AskPod;
  /** Forgets all pods but these. */
  readonly keep: (pods: readonly Pod[]) => void;
}

/**
 * Asks pods of many ChatClusters, a bounded number at the same time. ChatClusters have their turns in order, however many
 * pods each has; pods that do not answer delay nobody, and are asked less often.
 */
export class Questions {
  readonly #options: QuestionsOptions;
  readonly #slots = new FairSlots(SLOTS.total, SLOTS.each);
  readonly #silentSlots = new FairSlots(SILENT_SLOTS.total, SILENT_SLOTS.each);
  #slow = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** @param key of the ChatCluster. What is known of its pods goes with what is returned. */
  of(key: string): Asking {
    const silences = new Silences(this.#options);
    return {
      ask: async (pod, port, path) => {
        const silence = silences.of(pod);
        const send = () => silences.heed(pod, this.#options.ask(pod, port, path));
        if (!silence || silence.misses < MISSES) return await this.#askResponsive(key, send);
        if (this.#options.clock.now() < silence.nextAt && !isBeingEmptied(pod)) throw silence.error;
        // Who would have to wait is asked the next time: its ChatCluster waits for the round to end.
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

/** Pods of one ChatCluster that do not answer. */
class Silences {
  readonly #options: Pick<QuestionsOptions, 'clock' | 'intervalMs'>;
  /** By the pod's uid. */
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

  /** Notes whether `pod` answers. */
  async heed(pod: Pod, answering: Promise<unknown>): Promise<unknown> {
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
