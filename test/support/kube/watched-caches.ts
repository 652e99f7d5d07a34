import assert from 'node:assert/strict';
import { Caches } from '../../../operator/watch/caches.ts';
import type { ManualClock } from '../clocks/manual-clock.ts';
import type { MemoryApi } from './memory-api.ts';

/**
 * Caches over an API server in memory, watching until the test ends. They are synced once the test has let time settle.
 * @param onChange called with the key of each ChatCluster that changed
 */
export function watchedCaches(
  t: { after(end: () => unknown): void },
  parts: { readonly api: MemoryApi; readonly clock: ManualClock; readonly random: () => number },
  onChange: (key: string) => void = () => undefined,
): Caches {
  const { api, clock, random } = parts;
  const caches = new Caches({
    client: api,
    namespace: '',
    watchNodes: true,
    clock,
    random,
    onChange,
    onFailure: (_, error) => assert.fail(String(error)),
  });
  const stopping = new AbortController();
  const watching = caches.run(stopping.signal);
  t.after(async () => {
    stopping.abort();
    await watching;
  });
  return caches;
}
