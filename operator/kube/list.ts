import type { KubeObject } from '../api/kube-object.ts';
import type { KubeClient } from './client.ts';
import { readList } from './json-list.ts';
import type { Resource } from './resources.ts';
import type { Projected, Store } from './store.ts';

/** Which objects of which kind. */
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

/** Used where the answer comes in pages. */
const PAGE = 500;

/** Any version a server has in its cache: the cheapest one. */
export const ANY_VERSION = '0';
/** The newest version there is, which a server may have to read from its storage. */
export const NEWEST_VERSION = '';

/**
 * The query of the first request. What is served from the cache of the API server comes at once; with a limit some versions
 * would read it from storage instead, all versions but `0`, for which they ignore it.
 */
function firstQuery(version: string): Readonly<Record<string, string>> {
  if (version === NEWEST_VERSION) return { limit: String(PAGE) };
  if (version === ANY_VERSION) return { limit: String(PAGE), resourceVersion: version };
  return { resourceVersion: version, resourceVersionMatch: 'NotOlderThan' };
}

/**
 * Lists all objects.
 * @param version of which, or of a newer one, the list has to be
 * @param onBytes told whenever something came
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
    // Objects of a list of a kind that is built in do not name it.
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
