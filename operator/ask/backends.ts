import type { BackendHealth, LogSpace } from '../../server/contract/backends.ts';
import { PORTS, WORKER_PATHS } from '../../server/contract/ports.ts';
import type { AskPod } from '../api/ask-pod.ts';
import type { Pod } from '../api/kube-object.ts';
import { refusedOptions } from '../api/refused-options.ts';

/** State of NATS and MongoDB as the workers report it. */
export interface Backends {
  /** Health as one worker reports it; undefined if no worker answered. */
  readonly health: Pick<BackendHealth, 'nats' | 'store'> | undefined;
  /** Space in the LOG streams; undefined while no worker that reaches NATS reports it. */
  readonly log: BackendHealth['log'];
  /** Copies that NATS keeps of each message; undefined while no worker that reaches NATS reports them. */
  readonly copies?: BackendHealth['copies'];
  /** Messages that MongoDB does not have yet; undefined while no worker that reaches NATS reports the number. */
  readonly storeLag: number | undefined;
  /**
   * Entries that the slowest fold has not read yet, and the reason of late folds. Missing while no worker that reaches NATS
   * reports them, as workers of releases without folds.
   */
  readonly folds?: BackendHealth['folds'];
  /** Options that workers refuse, one line for each worker and option; missing without any. */
  readonly refused?: readonly string[];
  /** Reason why no worker answered, without anything that changes from pass to pass; empty when one answered. */
  readonly silence: string;
}

function healthOf(body: unknown): BackendHealth | undefined {
  const { nats, store, storeLag, log, copies, folds, refused } = (body ?? {}) as Partial<BackendHealth>;
  const isReachability = (backend: unknown): backend is BackendHealth['nats'] =>
    typeof backend === 'object' && backend !== null && 'reachable' in backend && typeof backend.reachable === 'boolean';
  if (!isReachability(nats) || !isReachability(store)) return undefined;
  const lag = typeof storeLag === 'number' && storeLag >= 0 ? storeLag : 0;
  return {
    nats,
    store,
    storeLag: lag,
    ...(isLogSpace(log) ? { log } : {}),
    ...(isCopies(copies) ? { copies } : {}),
    ...(isFolds(folds) ? { folds } : {}),
    ...refusedOptions(refused),
  };
}

const WORST_FIRST: readonly LogSpace[] = ['NearlyFull', 'WindowShortened', 'Enough'];

/** Workers of another release may leave this out, or use a word that is not known here. */
function isLogSpace(log: unknown): log is NonNullable<BackendHealth['log']> {
  const { room, reason } = (log ?? {}) as { room?: unknown; reason?: unknown };
  return WORST_FIRST.some(each => each === room) && typeof reason === 'string';
}

function isCopies(copies: unknown): copies is NonNullable<BackendHealth['copies']> {
  const { fewest, whyNotMore } = (copies ?? {}) as { fewest?: unknown; whyNotMore?: unknown };
  return typeof fewest === 'number' && fewest >= 1 && (whyNotMore === undefined || typeof whyNotMore === 'string');
}

function isFolds(folds: unknown): folds is NonNullable<BackendHealth['folds']> {
  const { lag, reason } = (folds ?? {}) as { lag?: unknown; reason?: unknown };
  return typeof lag === 'number' && lag >= 0 && typeof reason === 'string';
}

/** The largest lag. Each worker measures all folds, and the one that holds a late fold also knows why: the longest reason counts. */
function worstFolds(reports: readonly NonNullable<BackendHealth['folds']>[]): Pick<Backends, 'folds'> {
  if (reports.length === 0) return {};
  const reasons = reports.map(({ reason }) => reason).sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  return { folds: { lag: Math.max(...reports.map(({ lag }) => lag)), reason: reasons[0] ?? '' } };
}

/**
 * Asks all workers, ready or not, and takes the best answer for each backend: if one worker reaches NATS, NATS is up. Never
 * rejects.
 */
export async function readBackends(workers: readonly Pod[], ask: AskPod): Promise<Backends> {
  const running = workers.filter(pod => pod.status.phase === 'Running' && pod.metadata.deletionTimestamp === undefined);
  const answers = await Promise.all(
    running.map(pod =>
      ask(pod, PORTS.admin, WORKER_PATHS.backends).then(
        body => ({
          health: healthOf(body),
          problem: `${pod.metadata.name}: its answer is not a report on NATS and MongoDB`,
        }),
        (error: unknown) => ({
          health: undefined,
          problem: `${pod.metadata.name}: ${error instanceof Error ? error.message : 'no answer'}`,
        }),
      ),
    ),
  );
  const healths = answers.flatMap(answer => answer.health ?? []);
  const [first] = healths;
  // Each worker measures all streams; one that cannot reach NATS repeats old numbers.
  const measured = healths.filter(health => health.nats.reachable);
  const lags = measured.map(health => health.storeLag);
  const refused = healths.flatMap(health => health.refused ?? []);
  const [copies] = measured
    .flatMap(health => health.copies ?? [])
    // A worker that has just started does not know why there are no more copies.
    .sort((a, b) => a.fewest - b.fewest || Number(a.whyNotMore === undefined) - Number(b.whyNotMore === undefined));
  const rooms = measured.flatMap(health => health.log ?? []);
  if (!first) {
    const silence = running.length === 0 ? 'no worker is running' : (answers[0]?.problem ?? 'no answer');
    return { health: undefined, log: undefined, storeLag: undefined, silence };
  }
  return {
    health: {
      nats: healths.find(health => health.nats.reachable)?.nats ?? first.nats,
      store: healths.find(health => health.store.reachable)?.store ?? first.store,
    },
    log: WORST_FIRST.flatMap(room => rooms.find(each => each.room === room) ?? [])[0],
    storeLag: lags.length > 0 ? Math.max(...lags) : undefined,
    ...worstFolds(measured.flatMap(health => health.folds ?? [])),
    ...(copies ? { copies } : {}),
    ...(refused.length > 0 ? { refused } : {}),
    silence: '',
  };
}
