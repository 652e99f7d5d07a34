import { ADMIN_PATHS, type GatewayLoad, PORTS } from '../../server/contract.ts';
import type { AskPod } from '../api/ask-pod.ts';
import { isReady, type Pod } from '../api/kube-object.ts';
import type { LoadSample } from './decide.ts';

function connectionsOf(load: unknown): number | undefined {
  const { connections } = (load ?? {}) as Partial<GatewayLoad>;
  return typeof connections === 'number' && Number.isSafeInteger(connections) && connections >= 0
    ? connections
    : undefined;
}

/** Asks every ready gateway what it holds, all at once. Never rejects: who does not answer is `undefined`. */
export async function readLoads(gateways: readonly Pod[], ask: AskPod): Promise<LoadSample[]> {
  return await Promise.all(
    gateways.filter(isReady).map(async pod => ({
      pod: pod.metadata.name,
      connections: await ask(pod, PORTS.admin, ADMIN_PATHS.load).then(connectionsOf, () => undefined),
    })),
  );
}
