import type { FleetInput, FleetPod } from '../../operator/fleet/fleet.ts';
import { planFleet } from '../../operator/fleet/plan.ts';
import type { TrafficIntent } from '../../server/contract/traffic.ts';
import { seeded } from '../support/random.ts';

export interface HeldLooksOptions {
  /** Gateways of each revision. */
  readonly gateways: number;
  /** Share of the time in which a gateway is ready. */
  readonly ready: number;
  readonly looks: number;
  readonly seed: number;
}

export interface HeldLooks {
  /** Looks at which a gateway of the new revision was not ready. */
  readonly someAway: number;
  /** Looks at which the rollout was held. */
  readonly held: number;
  /** Intents that were taken from old gateways. */
  readonly takenBack: number;
}

/** A gateway that is away misses probes for so long in the mean: one restart, or a node that is busy. */
const AWAY_SECONDS = 20;
const CLIENTS = 5_000;

function gateway(name: string, revision: string, change: Partial<FleetPod>): FleetPod {
  return {
    ...{ name, revision, scheduled: true, running: true, ready: true, terminating: false, offered: true },
    ...{
      offeredSince: 0,
      unofferedSince: undefined,
      nodeLeaving: false,
      intent: undefined,
      intentSince: undefined,
      createdAt: 0,
    },
    ...{ connections: CLIENTS, selectable: true, refusing: false, natsUp: true, cutOffSince: undefined },
    ...change,
  };
}

/**
 * A MoveOnce rollout in its middle, with gateways as full as the autoscaler wants them, looked at once a second: those of the
 * new revision come and go as in any large fleet, each by itself. Old ones keep their clients, so that it does not end.
 */
export function heldLooks({ gateways, ready, looks, seed }: HeldLooksOptions): HeldLooks {
  const random = seeded(seed);
  const fresh = Array.from({ length: gateways }, (_, at) => ({ name: `new-${at}`, ready: random() < ready }));
  const old = Array.from({ length: gateways }, (_, at) => `old-${at}`);
  const intents = new Map<string, TrafficIntent>();
  const leaves = (1 - ready) / (ready * AWAY_SECONDS);
  let shortSince: number | undefined;
  const seen = { someAway: 0, held: 0, takenBack: 0 };
  for (let look = 0; look < looks; look++) {
    for (const each of fresh) each.ready = each.ready ? random() >= leaves : random() < 1 / AWAY_SECONDS;
    const now = look * 1_000;
    const plan = planFleet({
      ...SITUATION,
      revisions: [row('old', gateways), row('new', gateways)],
      pods: [
        ...fresh.map(each => gateway(each.name, 'new', { ready: each.ready, offered: each.ready, connections: 0 })),
        ...old.map(name => {
          const intent = intents.get(name);
          return gateway(name, 'old', { offered: false, unofferedSince: -1e9, intent, intentSince: intent && now });
        }),
      ],
      size: gateways,
      shortSince,
      now,
    });
    shortSince = plan.short ? (shortSince ?? now) : undefined;
    if (fresh.some(each => !each.ready)) seen.someAway += 1;
    if (plan.rollout.reason === 'Held') seen.held += 1;
    for (const [name, intent] of plan.intents) {
      if (intent) intents.set(name, intent);
      else if (intents.delete(name)) seen.takenBack += 1;
    }
  }
  return seen;
}

const row = (revision: string, replicas: number) => ({
  ...{ revision, replicas, createdAt: 0, targetedAt: revision === 'new' ? 2 : 1, targetedSince: 0, stopped: '' },
});

const SITUATION: Omit<FleetInput, 'revisions' | 'pods' | 'size' | 'shortSince' | 'now'> = {
  settings: {
    drain: { delaySeconds: 5, timeoutSeconds: 60, reconnectsPerSecond: 500, patienceSeconds: 0 },
    rollout: {
      strategy: 'MoveOnce',
      surgePercent: 25,
      maxSurge: '100%',
      canary: { percent: 0, seconds: 300 },
      progressDeadlineSeconds: 300,
    },
    rebalance: { mode: 'Enabled', tolerancePercent: 25, connectionsPerSecond: 20, afterRolloutSeconds: 300 },
    capacity: { maxConnections: 15_000, targetConnections: CLIENTS, freePlaces: 0 },
  },
  ...{ target: 'new', undone: '', serving: 'new', servingSince: -1e9, movedAt: 1, hold: '', unhealthy: '', wall: 0 },
};
