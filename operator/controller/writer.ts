import type { KubeObject } from '../api/kube-object.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { resourceOf } from '../kube/resources.ts';
import { type Action, mayWrite, objectId } from '../reconcile/plan.ts';

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
