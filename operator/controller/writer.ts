import type { Logger } from 'pino';
import type { KubeObject } from '../api/kube-object.ts';
import type { PodPatch } from '../fleet/pod-patches.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { RESOURCES, resourceOf } from '../kube/resources.ts';
import type { Metrics } from '../metrics.ts';
import type { WriteFailure } from '../reconcile/conditions.ts';
import { type Action, mayWrite, objectId } from '../reconcile/plan.ts';
import type { Caches } from './caches.ts';

/** The object's name belongs to somebody else. */
export class NameTaken extends Error {
  constructor(object: KubeObject) {
    super(`${objectId(object)} exists and does not belong to this ChatCluster`);
    this.name = 'NameTaken';
  }
}

/**
 * Carries out one action of a plan.
 * @returns the object as the API server now has it, undefined if it is gone
 * @throws {NameTaken} instead of taking over an object the watches do not show because it is not labelled
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
        // The object has changed since it was looked at: look again.
        if (error instanceof ApiError && error.code === 422) throw new ApiError(409, 'Conflict', error.message);
        throw error;
      });
  }
  if (action.cause === 'missing') {
    const there = await client.get<KubeObject>(resourceOf(object.kind), namespace, name).catch(ignoreNotFound);
    if (there && !mayWrite({ ...there, kind: object.kind }, object)) throw new NameTaken(object);
  }
  return await client.apply(object);
}

function ignoreNotFound(error: unknown): undefined {
  if (error instanceof ApiError && error.code === 404) return undefined;
  throw error;
}

/** What came of the writes of a pass. */
export interface Written {
  readonly done: readonly Action[];
  readonly patched: readonly PodPatch[];
  /** Why not everything can be written, however often it is tried. */
  readonly failure: WriteFailure | undefined;
  /** Why the pass has to be repeated. */
  readonly error: unknown;
}

export interface WriterOptions {
  readonly caches: Pick<Caches, 'written'>;
  readonly client: KubeClient;
  readonly metrics: Pick<Metrics, 'repairs'>;
  readonly log: Logger;
}

/** Carries out what a pass decided, one write after the other, until one fails. */
export class Writer {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Pods first: who is about to be removed is marked before the Deployment asks for fewer. */
  async write(patches: readonly PodPatch[], actions: readonly Action[], taken: readonly string[]): Promise<Written> {
    const done: Action[] = [];
    const patched: PodPatch[] = [];
    const refused: WriteFailure | undefined =
      taken.length > 0
        ? { reason: 'NameTaken', message: `${taken.join(', ')} belongs to another object or is being deleted` }
        : undefined;
    let conflict: unknown;
    try {
      for (const patch of patches) {
        // One pod that has changed meanwhile holds up no other.
        const isWritten = await this.#patch(patch).catch((error: unknown) => {
          if (!(error instanceof ApiError) || error.code !== 409) throw error;
          conflict = error;
          return false;
        });
        if (isWritten) patched.push(patch);
      }
      for (const action of actions) {
        await this.#carryOut(action);
        done.push(action);
      }
    } catch (error) {
      return { done, patched, failure: refused ?? failureOf(error), error };
    }
    return { done, patched, failure: refused, error: refused ? new Error(refused.message) : conflict };
  }

  /** @returns whether the pod was still there */
  async #patch({ pod, annotations }: PodPatch): Promise<boolean> {
    const { caches, client, log } = this.#options;
    const { name, namespace = '', uid, resourceVersion } = pod.metadata;
    const written = await client
      .patch(RESOURCES.pods, namespace, name, { metadata: { uid, resourceVersion, annotations } })
      // Gone meanwhile: the watch tells.
      .catch(ignoreNotFound);
    if (!written) return false;
    caches.written({ ...written, apiVersion: 'v1', kind: RESOURCES.pods.kind });
    log.info({ pod: name, annotations }, 'pod annotated');
    return true;
  }

  async #carryOut(action: Action): Promise<void> {
    const { caches, client, log, metrics } = this.#options;
    const { apiVersion, kind, metadata } = action.object;
    const written = await carryOut(client, action);
    if (written) caches.written({ ...written, apiVersion, kind });
    if (action.verb === 'prune' || (action.verb === 'apply' && action.cause === 'drifted'))
      metrics.repairs.inc({ kind });
    log.info({ action: action.verb, kind, name: metadata.name }, 'child written');
  }
}

/** What trying again does not help. */
function failureOf(error: unknown): WriteFailure | undefined {
  if (error instanceof NameTaken) return { reason: 'NameTaken', message: error.message };
  if (error instanceof ApiError && error.terminal) return { reason: 'Refused', message: error.message };
  return undefined;
}
