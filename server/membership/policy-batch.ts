import { ReadFailed } from '../room/log.ts';
import { MOST_KEYS, type PolicyEntry, type PolicyKey, type PolicyStore } from './policy-store.ts';

export interface PolicyBatchOptions {
  readonly policy: Pick<PolicyStore, 'snapshot'>;
  /** Calls back in a few ms: keys until then share one request. */
  readonly soon: (run: () => void) => void;
}

/** Value that a key has. */
export interface FoundEntry extends PolicyEntry {
  /** True if the store lacked nothing then. Until it is filled, the value is what was written since it was wiped. */
  readonly complete: boolean;
}

/** Value of a key. `absent`: it never had one. `unknown`: it has none, but the store has not been filled. */
export type Found = FoundEntry | 'absent' | 'unknown';

/** True if the store lacked nothing when a key was read: without the archive, what was found is all there is. */
export const isComplete = (found: Found): boolean => found === 'absent' || (found !== 'unknown' && found.complete);

interface Asked extends PromiseWithResolvers<Found> {
  readonly key: PolicyKey;
}

/**
 * Reads keys of POLICY. When thousands of clients move at once, thousands of rooms open within seconds: keys that are asked for
 * together share one request, and one request is under way.
 */
export class PolicyBatch {
  readonly #options: PolicyBatchOptions;
  #waiting: Asked[] = [];
  #busy = false;

  constructor(options: PolicyBatchOptions) {
    this.#options = options;
  }

  /** Reads a key, as of a moment after the call. @throws {ReadFailed} */
  read(key: PolicyKey): Promise<Found> {
    const asked = { ...Promise.withResolvers<Found>(), key };
    this.#waiting.push(asked);
    this.#start();
    return asked.promise;
  }

  #start(): void {
    if (this.#busy || this.#waiting.length === 0) return;
    this.#busy = true;
    this.#options.soon(() => void this.#ask());
  }

  async #ask(): Promise<void> {
    const asked = this.#waiting.splice(0, MOST_KEYS);
    try {
      const { entries, complete } = await this.#options.policy.snapshot(asked.map(({ key }) => key));
      for (const [index, { resolve }] of asked.entries()) {
        const entry = entries[index];
        resolve(entry ? { ...entry, complete } : complete ? 'absent' : 'unknown');
      }
    } catch (error) {
      const failure = error instanceof ReadFailed ? error : new ReadFailed('POLICY could not be read', error);
      for (const { reject } of asked) reject(failure);
    }
    this.#busy = false;
    this.#start();
  }
}
