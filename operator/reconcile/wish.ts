import { type ChatCluster, GROUP } from '../api/chat-cluster.ts';

/**
 * What a person asks for: the spec, the annotations the operator reads, and that the ChatCluster is to go. The text is short and
 * stays the same while none of them changes; what the operator writes itself, such as the status, does not change it.
 * @param cluster undefined for one that is gone
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
