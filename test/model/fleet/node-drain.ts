import type { ApiServer } from './api-server.ts';
import type { PodObject } from './objects.ts';
import type { Timeline } from './timeline.ts';

const RETRY_MS = 5_000;

/**
 * `kubectl drain`: cordons a node and evicts its pods, again and again until all are gone. Each revision has a disruption budget
 * with `maxUnavailable: 1` and `unhealthyPodEvictionPolicy: AlwaysAllow`.
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
  if (!pod.ready) return true;
  const covered = api.pods.list().filter(({ revision }) => revision === pod.revision);
  const expected = api.deployments.get(pod.revision)?.replicas ?? 0;
  return covered.filter(other => other.ready && !other.terminating).length > expected - 1;
}
