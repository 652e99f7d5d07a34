import type { Logger } from 'pino';
import type { Clock } from '../../server/time/clock.ts';
import type { KubeObject } from '../api/kube-object.ts';
import type { PodPatch } from '../fleet/pod-patches.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { errorFields } from '../kube/error-text.ts';
import { RESOURCES, resourceOf } from '../kube/resources.ts';
import type { Metrics } from '../process/metrics.ts';
import type { FailedWrites } from './failed-writes.ts';
import { type Action, isPutBack, mayWrite, type Observed, objectId, type WritePlan } from './plan.ts';
import type { Repairs } from './repairs.ts';
import { type Step, stepsOf } from './steps.ts';
import { NameTaken, stopsAll } from './write-failure.ts';

/**
 * Carries out one action of a write plan.
 * @returns the object as the API server now has it; undefined if it is gone
 * @throws {NameTaken} if an object of the name exists that is not a child; the watches do not show it, as it has no label
 * @throws {ApiError}
 */
export async function carryOut(client: KubeClient, action: Action): Promise<KubeObject | undefined> {
  const { object } = action;
  const { namespace = '', name, resourceVersion } = object.metadata;
  if (action.verb === 'delete') {
    await client.delete(object).catch(ignoreNotFound);
    return undefined;
  }
  if (action.verb === 'prune') {
    const removals = action.pointers.map(path => ({ op: 'remove', path }));
    const guard = { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion };
    return await client
      .patch(resourceOf(object.kind), namespace, name, [guard, ...removals])
      .catch((error: unknown) => {
        // The object has changed since the decision. A conflict makes the next pass decide anew.
        if (error instanceof ApiError && error.code === 422) throw new ApiError(409, 'Conflict', error.message);
        throw error;
      });
  }
  if (action.cause === 'missing') {
    const there = await client.get<KubeObject>(resourceOf(object.kind), namespace, name).catch(ignoreNotFound);
    if (there && !mayWrite({ ...there, kind: object.kind }, object)) throw NameTaken.by(object);
  }
  return await client.apply(object);
}

function ignoreNotFound(error: unknown): undefined {
  if (error instanceof ApiError && error.code === 404) return undefined;
  throw error;
}

/** Writes of one pass for one ChatCluster. */
export interface Work extends Pick<WritePlan, 'actions' | 'taken'> {
  readonly cluster: { readonly namespace: string; readonly name: string };
  readonly observed: readonly Observed[];
  readonly patches: readonly PodPatch[];
  readonly failed: FailedWrites;
  readonly repairs: Repairs;
}

/** Result of the writes of a pass. */
export interface Written {
  readonly done: readonly Action[];
  readonly patched: readonly PodPatch[];
  /** Objects that were written, as the API server answered. */
  readonly objects: readonly KubeObject[];
  /**
   * Ids of objects that are not written: their write failed, is not due again yet, or waits for another one in this set.
   */
  readonly open: ReadonlySet<string>;
  /** Ids out of {@link open} whose own write did not fail. */
  readonly waiting: readonly string[];
  /**
   * Error because of which the rest was not tried: the API server is not reachable, or writes took too long; else
   * undefined.
   */
  readonly error: unknown;
}

/** Writes of a pass so far. */
interface Progress {
  readonly done: Action[];
  readonly patched: PodPatch[];
  readonly objects: KubeObject[];
}

export interface WriterOptions {
  /**
   * Receives each object as the API server has it after a write, so that the next pass sees it before its watch event
   * comes.
   */
  readonly caches: { written(object: KubeObject): void };
  readonly client: KubeClient;
  readonly metrics: Pick<Metrics, 'repairs' | 'writeFailures'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
}

/** Milliseconds that failing writes of one kind may take in a pass: a webhook that hangs for one object hangs for all. */
const MOST_SPENT_MS = 5_000;

/** Carries out the writes of a pass, one after the other. A failed write holds up only the writes that need it. */
export class Writer {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /**
   * Writes everything that is due. Failures go to `work.failed`, and what admission makes of objects to `work.repairs`.
   * Never rejects.
   */
  async write(work: Work): Promise<Written> {
    const { observed, patches, actions, taken, failed } = work;
    const { clock } = this.#options;
    const steps = stepsOf(patches, actions, observed, taken);
    failed.keep(new Set([...taken, ...steps.map(({ id }) => id)]));
    for (const id of taken) failed.note(id, '', new NameTaken(id), clock.now());
    const open = new Set([...taken, ...steps.map(({ id }) => id)]);
    const spentMs = new Map<string, number>();
    const written: Progress = { done: [], patched: [], objects: [] };
    const waiting: string[] = [];
    let late: unknown;
    for (const step of knownToFailLast(steps, failed)) {
      const startedAt = clock.now();
      if (step.needs.some(id => open.has(id))) waiting.push(step.id);
      else if (failed.isDue(step.id, step.attempt, startedAt) && (spentMs.get(step.kind) ?? 0) < MOST_SPENT_MS) {
        try {
          await this.#take(work, step, written);
          open.delete(step.id);
          failed.succeeded(step.id);
        } catch (error) {
          this.#failed(work.cluster, step, error);
          if (stopsAll(error)) return { ...written, open, waiting, error };
          const now = clock.now();
          failed.note(step.id, step.attempt, error, now);
          spentMs.set(step.kind, (spentMs.get(step.kind) ?? 0) + now - startedAt);
          if ((spentMs.get(step.kind) ?? 0) >= MOST_SPENT_MS) late = error;
        }
      }
    }
    return { ...written, open, waiting, error: late };
  }

  async #take(work: Work, { of }: Step, progress: Progress): Promise<void> {
    if ('action' in of) progress.done.push(...(await this.#carryOut(work, of.action, progress)));
    else if (await this.#patch(work.cluster, of.patch, progress)) progress.patched.push(of.patch);
  }

  #took(object: KubeObject, { objects }: Progress): void {
    this.#options.caches.written(object);
    objects.push(object);
  }

  /** @returns false if the pod is gone */
  async #patch(cluster: Work['cluster'], { pod, annotations, labels }: PodPatch, progress: Progress): Promise<boolean> {
    const { client, log } = this.#options;
    const { name, namespace = '', uid, resourceVersion } = pod.metadata;
    const written = await client
      .patch(RESOURCES.pods, namespace, name, { metadata: { uid, resourceVersion, annotations, labels } })
      // The pod is gone; its watch event follows.
      .catch(ignoreNotFound);
    if (!written) return false;
    this.#took({ ...written, apiVersion: 'v1', kind: RESOURCES.pods.kind }, progress);
    log.info({ ...clusterFields(cluster), pod: name, annotations, labels }, 'pod patched');
    return true;
  }

  /** @returns the action without paths that admission undid, since nothing was repaired there; empty if none is left */
  async #carryOut({ cluster, observed, repairs }: Work, action: Action, progress: Progress): Promise<Action[]> {
    const { client, log, metrics } = this.#options;
    const { apiVersion, kind, metadata } = action.object;
    const id = objectId(action.object);
    const written = await carryOut(client, action);
    if (written) this.#took({ ...written, apiVersion, kind }, progress);
    const rest = written && action.verb === 'apply' ? repairs.written(id, written, action.object) : [];
    log.info({ ...clusterFields(cluster), action: action.verb, kind, name: metadata.name }, 'child written');
    if (!isPutBack(action)) return [action];
    const made =
      action.verb === 'apply' ? { ...action, paths: action.paths.filter(path => !rest.includes(path)) } : action;
    const paths = pathsOf(made);
    if (paths.length === 0) return [];
    const foreign = observed.find(({ object }) => objectId(object) === id)?.foreign ?? [];
    repairs.repaired(id, paths, [...new Set(foreign.map(({ manager }) => manager))]);
    metrics.repairs.inc({ kind });
    return [made];
  }

  #failed(cluster: Work['cluster'], { id, kind }: Step, error: unknown): void {
    const { log, metrics } = this.#options;
    metrics.writeFailures.inc({ kind });
    log.warn({ ...clusterFields(cluster), object: id, ...errorFields(error) }, 'write failed and will be retried');
  }
}

function clusterFields({ namespace, name }: Work['cluster']): {
  readonly namespace: string;
  readonly chatCluster: string;
} {
  return { namespace, chatCluster: name };
}

/** Writes that failed before come last, so that the others do not wait for them. */
function knownToFailLast(steps: readonly Step[], failed: FailedWrites): Step[] {
  return [...steps.filter(({ id }) => !failed.has(id)), ...steps.filter(({ id }) => failed.has(id))];
}

function pathsOf(action: Action): readonly string[] {
  if (action.verb === 'delete') return [];
  return action.verb === 'prune' ? action.pointers : action.paths;
}
