import { type ChatCluster, GROUP } from '../api/chat-cluster.ts';

/**
 * The request of people as a short text: the spec, the annotations that the operator reads, and the deletion. It stays the same
 * while none of them changes; the operator's own writes, such as the status, do not change it.
 * @param cluster undefined for one that is gone: the text is empty
 */
export function wishOf(cluster: ChatCluster | undefined): string {
  if (!cluster) return '';
  // The API server raises the generation with each change of the spec, and with the deletion.
  const { uid, generation, annotations = {} } = cluster.metadata;
  const own = Object.entries(annotations)
    .filter(([key]) => key.startsWith(`${GROUP}/`))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([uid, generation, own]);
}
