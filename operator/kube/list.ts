import type { KubeObject } from '../api/kube-object.ts';
import type { KubeClient } from './client.ts';
import { readList } from './json-list.ts';
import type { Resource } from './resources.ts';
import type { Projected, Store } from './store.ts';

/** Objects to list or watch. */
export interface Selection {
  readonly resource: Resource;
  /** Empty for all namespaces. */
  readonly namespace: string;
  readonly labelSelector: string;
}

/** A complete list. */
export interface Listed {
  readonly objects: ReadonlyMap<string, Projected<unknown>>;
  readonly version: string;
}

/** Objects per page, where the answer comes in pages. */
const PAGE = 500;

/** Any version that the server has in its cache: the cheapest to answer. */
export const ANY_VERSION = '0';
/** The newest version. The server may have to read it from its storage. */
export const NEWEST_VERSION = '';

/**
 * Query of the first request. The API server answers from its cache at once. With a limit some releases read every version
 * except `0` from storage instead, so a limit is set only where the cache is used anyway or does not suffice.
 */
function firstQuery(version: string): Readonly<Record<string, string>> {
  if (version === NEWEST_VERSION) return { limit: String(PAGE) };
  if (version === ANY_VERSION) return { limit: String(PAGE), resourceVersion: version };
  return { resourceVersion: version, resourceVersionMatch: 'NotOlderThan' };
}

/**
 * Lists all objects of a selection and projects each as it arrives, so that they are never all in memory as JSON.
 * @param version the list has to be of this version or a newer one
 * @param onBytes called for every chunk that arrives
 * @throws {ApiError} and whatever `signal` aborts with
 */
export async function listAll(
  client: Pick<KubeClient, 'open'>,
  { resource, namespace, labelSelector }: Selection,
  store: Pick<Store<unknown>, 'project'>,
  version: string,
  signal: AbortSignal,
  onBytes: () => void,
): Promise<Listed> {
  const { apiVersion, kind } = resource;
  const objects = new Map<string, Projected<unknown>>();
  const each = (item: KubeObject) => {
    // Items of a list of a built-in kind do not name their kind.
    const kept = store.project({ ...item, apiVersion, kind });
    objects.set(kept.key, kept);
  };
  const selector = labelSelector === '' ? {} : { labelSelector };
  let query = firstQuery(version);
  for (;;) {
    const stream = await client.open('list', resource, namespace, { ...query, ...selector }, signal);
    const { resourceVersion, continue: next } = await readList(stream, each, onBytes);
    if (!next) return { objects, version: resourceVersion };
    query = { limit: String(PAGE), continue: next };
  }
}
