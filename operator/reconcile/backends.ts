import { type BackendHealth, PORTS, WORKER_PATHS } from '../../server/contract.ts';
import type { AskPod } from '../api/ask-pod.ts';
import type { Pod } from '../api/kube-object.ts';

/** What the workers say of NATS and MongoDB. */
export interface Backends {
  /** What one worker that answered said; undefined if none did. */
  readonly health: Pick<BackendHealth, 'nats' | 'store'> | undefined;
  /** Why nobody answered, without anything that changes from pass to pass. */
  readonly silence: string;
}

function healthOf(body: unknown): Backends['health'] {
  const { nats, store } = (body ?? {}) as Partial<BackendHealth>;
  const said = (backend: unknown): backend is BackendHealth['nats'] =>
    typeof backend === 'object' && backend !== null && 'reachable' in backend && typeof backend.reachable === 'boolean';
  return said(nats) && said(store) ? { nats, store } : undefined;
}

/**
 * Asks all workers, ready or not, and takes the best answer for each backend: one worker that reaches NATS is enough to
 * know that NATS is there.
 */
export async function readBackends(workers: readonly Pod[], ask: AskPod): Promise<Backends> {
  const running = workers.filter(pod => pod.status.phase === 'Running' && pod.metadata.deletionTimestamp === undefined);
  const answers = await Promise.all(
    running.map(pod =>
      ask(pod, PORTS.admin, WORKER_PATHS.backends).then(
        body => ({ health: healthOf(body), problem: `${pod.metadata.name}: it answered something else` }),
        (error: unknown) => ({
          health: undefined,
          problem: `${pod.metadata.name}: ${error instanceof Error ? error.message : 'no answer'}`,
        }),
      ),
    ),
  );
  const said = answers.flatMap(answer => answer.health ?? []);
  const [first] = said;
  if (!first) {
    const silence = running.length === 0 ? 'no worker is running' : (answers[0]?.problem ?? 'no answer');
    return { health: undefined, silence };
  }
  return {
    health: {
      nats: said.find(health => health.nats.reachable)?.nats ?? first.nats,
      store: said.find(health => health.store.reachable)?.store ?? first.store,
    },
    silence: '',
  };
}
