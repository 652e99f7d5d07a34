import type { FleetSettings } from '../../../operator/fleet/fleet.ts';
import { ALL_REVISIONS } from '../../../operator/fleet/fleet.ts';
import { SERVICE } from './api-server.ts';
import { FIRST_REVISION, type FleetWorld } from './fleet-world.ts';

/** What happens to a fleet at rest, and what must come of it. */
export interface Scenario {
  readonly name: string;
  readonly size?: number;
  readonly clients?: number;
  /** Pods that fit on each of two nodes; default: as many as ever wanted. */
  readonly room?: number;
  readonly settings?: {
    readonly drain?: Partial<FleetSettings['drain']>;
    readonly rollout?: Partial<FleetSettings['rollout']>;
    readonly rebalance?: Partial<FleetSettings['rebalance']>;
  };
  /** Plans what happens. @returns seconds after which the last of it has happened */
  readonly script: (world: FleetWorld) => number;
  /** Most moves of any client. */
  readonly moves: number;
  readonly ends: End;
  /** Closes by ending pods are part of it, so that only what intents close keeps to the rate. */
  readonly within?: number;
}

/** What the fleet must be at the end. @returns what is missing; empty when it has got there */
export type End = (world: FleetWorld) => string;

export const DEFAULT_SETTINGS: FleetSettings = {
  drain: { delaySeconds: 3, timeoutSeconds: 20, reconnectsPerSecond: 5 },
  rollout: { strategy: 'MoveOnce', surgePercent: 25, progressDeadlineSeconds: 120 },
  rebalance: { mode: 'Disabled', tolerancePercent: 20, connectionsPerSecond: 2 },
};

/** Runs `step` after `seconds`. */
export function later(world: FleetWorld, seconds: number, step: () => void): void {
  world.time.after(seconds * 1000, step);
}

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

/** The same where the Service selects all revisions. */
export function atRestOnDelete(size: number, revision: string): End {
  return atRest(size, revision, ALL_REVISIONS);
}
