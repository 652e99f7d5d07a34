import type { FleetWorld } from './fleet-world.ts';
import { atRest, later, type Scenario, unbalanced, whenServing } from './scenario.ts';

/** What lasts longer than load balancers leave the connections of removed targets alone. */
const MINUTES = 60;

const balanced = (world: FleetWorld) => {
  const { settings } = world.wishes;
  return { ...settings, rebalance: { ...settings.rebalance, mode: 'Enabled' as const } };
};

export const LONG: readonly Scenario[] = [
  {
    name: 'a node is cordoned, and drained much later',
    script: world => {
      world.drainNode('node-2', 20 * MINUTES * 1_000);
      return 20 * MINUTES;
    },
    moves: 1,
    ends: atRest(4),
  },
  {
    name: 'one gateway loses NATS for long',
    script: world => {
      world.cutOff(world.pods().slice(0, 1), 20 * MINUTES * 1_000);
      return 20 * MINUTES;
    },
    moves: 1,
    removed: 0,
    ends: atRest(4),
  },
  {
    name: 'a rollout is held for long',
    script: world => {
      world.wish({ target: 'r2' });
      const seconds = world.chance.between(0, 40);
      later(world, seconds, () => world.wish({ hold: 'NATS is unreachable' }));
      later(world, seconds + 15 * MINUTES, () => world.wish({ hold: '' }));
      return seconds + 15 * MINUTES;
    },
    moves: 1,
    ends: atRest(4, 'r2'),
  },
  {
    name: 'a rollout is stopped for long, and undone',
    clients: 60,
    script: world => {
      world.wish({ target: 'r2' });
      whenServing(world, 'r2', world.chance.between(0, 9), () =>
        world.wish({ unhealthy: 'one in ten commands fails' }),
      );
      later(world, 15 * MINUTES, () => world.wish({ undone: 'r2', unhealthy: '' }));
      return 15 * MINUTES;
    },
    moves: 2,
    ends: atRest(4, 'r1'),
  },
  {
    name: 'a rollout is stopped while an old gateway is not ready',
    clients: 60,
    script: world => {
      world.wish({ target: 'r2' });
      whenServing(world, 'r2', world.chance.between(0, 9), () => {
        world.wish({ unhealthy: 'one in ten commands fails' });
        world.missProbes(world.pods().find(({ revision }) => revision === 'r1')?.name, 3 * MINUTES * 1_000);
        later(world, 60, () => {
          const serving = world.api.services.get('gateway')?.serving;
          if (serving !== 'r1') world.watchdog.violations.push(`new clients still go to ${serving}`);
        });
      });
      later(world, 15 * MINUTES, () => world.wish({ undone: 'r2', unhealthy: '' }));
      return 15 * MINUTES;
    },
    moves: 2,
    ends: atRest(4, 'r1'),
  },
  {
    name: 'a rollout changes to a revision that never becomes ready',
    clients: 60,
    script: world => {
      world.breakRevision('r3');
      world.wish({ target: 'r2' });
      whenServing(world, 'r2', world.chance.between(0, 9), () => world.wish({ target: 'r3' }));
      return 15 * MINUTES;
    },
    moves: 1,
    ends: () => '',
  },
  {
    name: 'a rebalance takes long',
    size: 2,
    clients: 640,
    settings: { rebalance: { connectionsPerSecond: 1 } },
    script: world => {
      world.wish({ size: 4, settings: balanced(world) });
      return 0;
    },
    moves: 1,
    ends: world => atRest(4)(world) || unbalanced(world, 192),
  },
];
