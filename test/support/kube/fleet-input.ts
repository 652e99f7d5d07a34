import type { FleetInput, FleetPod, FleetRevision } from '../../../operator/fleet/fleet.ts';

/** Milliseconds of a clock that never runs backwards. */
export const NOW = 1_000_000;
/** A time of day. */
export const WALL = Date.UTC(2026, 0, 1);

/** A gateway that serves, with 5 connections. */
export const pod = (name: string, revision: string, change: Partial<FleetPod> = {}): FleetPod => ({
  ...{ name, revision, scheduled: true, running: true, ready: true, terminating: false },
  ...{
    selectable: true,
    offered: true,
    offeredSince: 0,
    unofferedSince: undefined,
    nodeLeaving: false,
    intent: undefined,
    intentSince: undefined,
    refusing: false,
    natsUp: true,
    cutOffSince: undefined,
    connections: 5,
    createdAt: 0,
  },
  ...change,
});
/** A Deployment of one gateway. */
export const row = (revision: string, targetedAt: number, stopped = ''): FleetRevision => ({
  revision,
  replicas: 1,
  createdAt: 0,
  targetedAt,
  targetedSince: NOW,
  stopped,
});
/** A fleet at rest: one gateway of the revision `new`. */
export const input = (change: Partial<FleetInput> = {}): FleetInput => ({
  settings: {
    drain: { delaySeconds: 1, timeoutSeconds: 5, reconnectsPerSecond: 100, patienceSeconds: 0 },
    rollout: {
      strategy: 'MoveOnce',
      surgePercent: 25,
      maxSurge: '100%',
      canary: { percent: 0, seconds: 300 },
      progressDeadlineSeconds: 60,
    },
    rebalance: { mode: 'Enabled', tolerancePercent: 25, connectionsPerSecond: 10, afterRolloutSeconds: 0 },
    capacity: { maxConnections: 1_000, targetConnections: undefined, freePlaces: 0 },
  },
  ...{
    target: 'new',
    undone: '',
    serving: 'new',
    servingSince: 0,
    movedAt: 0,
    revisions: [row('new', 1)],
    pods: [pod('a', 'new')],
  },
  ...{ size: 1, hold: '', unhealthy: '', shortSince: undefined, now: NOW, wall: WALL },
  ...change,
});
