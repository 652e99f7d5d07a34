import type { FleetSettings } from '../../../operator/fleet/fleet.ts';
import { SERVICE } from './api-server.ts';
import { FIRST_REVISION, type FleetWorld } from './fleet-world.ts';

/** Events that happen to a fleet at rest, and the end state they must lead to. */
export interface Scenario {
  readonly name: string;
  readonly size?: number;
  readonly clients?: number;
  /** Pods that fit on the two nodes together; default: more than are ever wanted. */
  readonly room?: number;
  readonly settings?: {
    readonly drain?: Partial<FleetSettings['drain']>;
    readonly rollout?: Partial<FleetSettings['rollout']>;
    readonly rebalance?: Partial<FleetSettings['rebalance']>;
    readonly capacity?: Partial<FleetSettings['capacity']>;
  };
  /** Plans what happens. @returns seconds after which the last of it has happened */
  readonly script: (world: FleetWorld) => number;
  /** Most moves of any client. */
  readonly moves: number;
  /** Exact number of gateways that ReplicaSets remove; undefined where it depends on timing. */
  readonly removed?: number;
  /** Gateways or the Service are lost, or all sleep: the first attempt of a client to connect again may fail. */
  readonly lossy?: boolean;
  readonly ends: End;
}

/** Checks the fleet at the end. @returns what is missing; empty when it has got there */
export type End = (world: FleetWorld) => string;

export const DEFAULT_SETTINGS: FleetSettings = {
  drain: { delaySeconds: 3, timeoutSeconds: 20, reconnectsPerSecond: 5, patienceSeconds: 0 },
  rollout: {
    strategy: 'MoveOnce',
    surgePercent: 25,
    maxSurge: '100%',
    canary: { percent: 0, seconds: 300 },
    progressDeadlineSeconds: 120,
  },
  rebalance: { mode: 'Disabled', tolerancePercent: 20, connectionsPerSecond: 2, afterRolloutSeconds: 0 },
  capacity: { maxConnections: 1_000, targetConnections: undefined, freePlaces: 0 },
};

/** One revision, all of it ready and serving, nobody drained, all clients connected. */
export function atRest(size: number, revision = FIRST_REVISION, serving = revision): End {
  return world => {
    const { api } = world;
    const missing: string[] = [];
    const deployments = api.deployments.list().map(({ name, replicas }) => `${name} ${replicas}`);
    if (deployments.join() !== `${revision} ${size}`) missing.push(`Deployments are ${deployments.join()}`);
    const found = api.services.get(SERVICE)?.serving;
    if (found !== serving) missing.push(`the Service selects ${found}`);
    const pods = api.pods.list();
    if (pods.length !== size) missing.push(`${pods.length} pods`);
    for (const pod of pods)
      if (pod.intent || !pod.ready) missing.push(`${pod.name}: ${pod.intent?.reason ?? 'not ready'}`);
    if (size > 0 && world.clients.some(client => !client.isConnected)) missing.push('clients without a connection');
    return missing.join('; ');
  };
}

/** Clients stay with `revision`, and it is said that the rollout was stopped. */
export function stoppedAt(revision: string, size: number): End {
  return world => {
    const ready = world.pods().filter(pod => pod.revision === revision && pod.ready && !pod.intent).length;
    if (ready !== size) return `${ready} ready gateways of ${revision}`;
    const reason = world.lastPlan?.rollout.reason;
    return reason === 'Stopped' ? '' : `the rollout is ${reason}`;
  };
}

/** Names of gateways with more than `most` connections; empty if there are none. */
export function unbalanced(world: FleetWorld, most: number): string {
  const heavy = world.pods().filter(pod => (world.kubelet.gateway(pod.name)?.connections ?? 0) > most);
  return heavy.map(pod => `${pod.name} holds more than ${most}`).join('; ');
}
