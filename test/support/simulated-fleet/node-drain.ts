import { ALL_REVISIONS } from '../../../operator/fleet/fleet.ts';
import { type ApiServer, SERVICE } from './api-server.ts';
import type { PodObject } from './objects.ts';
import type { Timeline } from './timeline.ts';

const RETRY_MS = 5_000;

/**
 * `kubectl drain`: cordons a node and evicts its pods, again and again until all are gone. The disruption budget covers the
 * serving revision with `maxUnavailable: 1` and `unhealthyPodEvictionPolicy: AlwaysAllow`.
 * @param waitMs between cordon and the first eviction
 */
export function drainNode(api: ApiServer, time: Timeline, node: string, waitMs: number, onEvicted: () => void): void {
  api.reach(() => api.nodes.patch(node, { unschedulable: true }));
  const attempt = () =>
    api.reach(() => {
      const left = api.pods.list().filter(pod => pod.node === node);
      for (const pod of left)
        if (!pod.terminating && mayEvict(api, pod)) {
          onEvicted();
          api.pods.patch(pod.name, { terminating: true });
        }
      if (left.length > 0) time.after(RETRY_MS, attempt);
    });
  time.after(waitMs, attempt);
}

function mayEvict(api: ApiServer, pod: PodObject): boolean {
  const serving = api.services.get(SERVICE)?.serving;
  if (!pod.ready || (serving !== ALL_REVISIONS && pod.revision !== serving)) return true;
  const covered = api.pods.list().filter(other => serving === ALL_REVISIONS || other.revision === serving);
  const expected = api.deployments
    .list()
    .filter(({ name }) => serving === ALL_REVISIONS || name === serving)
    .reduce((sum, { replicas }) => sum + replicas, 0);
  return covered.filter(other => other.ready && !other.terminating).length > expected - 1;
}
