import type { FleetSettings } from '../../../operator/fleet/fleet.ts';
import type { FleetWorld } from './fleet-world.ts';
import { atRest, later, type Scenario, unbalanced, victimOf } from './scenario.ts';

/** Settings with which gateways are balanced; before, clients are where chance has led them. */
const balanced = ({ wishes: { settings } }: FleetWorld): FleetSettings => ({
  ...settings,
  rebalance: { ...settings.rebalance, mode: 'Enabled' },
});

/** The wanted size changes, and what may happen meanwhile. */
export const SCALING: readonly Scenario[] = [
  {
    name: 'one gateway is taken away',
    script: world => {
      world.wish({ size: 3 });
      return 0;
    },
    removed: 1,
    moves: 1,
    ends: atRest(3),
  },
  {
    name: 'several gateways are taken away',
    size: 5,
    clients: 40,
    script: world => {
      world.wish({ size: 2 });
      return 0;
    },
    removed: 3,
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'many gateways are taken away at a rate below their number',
    size: 12,
    clients: 72,
    settings: { drain: { reconnectsPerSecond: 3 } },
    script: world => {
      world.wish({ size: 4 });
      return 0;
    },
    removed: 8,
    moves: 1,
    ends: atRest(4),
  },
  {
    name: 'a scale-down is taken back in its middle',
    script: world => {
      world.wish({ size: 2 });
      const seconds = world.chance.between(0, 40);
      later(world, seconds, () => world.wish({ size: 4 }));
      return seconds;
    },
    moves: 1,
    ends: atRest(4),
  },
  {
    name: 'a gateway is Pending when one is to go',
    room: 4,
    script: world => {
      world.wish({ size: 5 });
      later(world, 20, () => world.wish({ size: 4 }));
      return 20;
    },
    removed: 1,
    moves: 0,
    ends: atRest(4),
  },
  {
    name: 'a gateway is Pending when two are to go',
    room: 4,
    script: world => {
      world.wish({ size: 5 });
      later(world, 20, () => world.wish({ size: 3 }));
      return 20;
    },
    removed: 2,
    moves: 1,
    ends: atRest(3),
  },
  {
    name: 'a gateway becomes Pending while another one is drained',
    room: 4,
    script: world => {
      world.wish({ size: 3 });
      const seconds = world.chance.between(1, 30);
      later(world, seconds, () => world.wish({ size: 5 }));
      later(world, seconds + 10, () => world.wish({ size: 2 }));
      return seconds + 10;
    },
    moves: 2,
    ends: atRest(2),
  },
  {
    name: 'a victim crashes in the middle of its drain',
    lossy: true,
    script: world => {
      world.wish({ size: 2 });
      const seconds = world.chance.between(2, 20);
      later(world, seconds, () => world.crash(victimOf(world)));
      return seconds;
    },
    removed: 2,
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'another gateway crashes while one is drained',
    lossy: true,
    script: world => {
      world.wish({ size: 3 });
      const seconds = world.chance.between(0, 25);
      later(world, seconds, () => world.crash(world.pods().find(pod => !pod.intent)?.name));
      return seconds;
    },
    removed: 1,
    moves: 1,
    ends: atRest(3),
  },
  {
    name: 'a gateway that never answers may be among those to go',
    script: world => {
      world.silence(world.chance.pick(world.pods())?.name);
      later(world, 5, () => world.wish({ size: 2 }));
      return 5;
    },
    removed: 2,
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'all gateways fall silent in the middle of a scale-down',
    script: world => {
      world.wish({ size: 2 });
      later(world, world.chance.between(0, 10), () => {
        for (const { name } of world.pods()) world.silence(name);
      });
      return 10;
    },
    removed: 2,
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'the wanted size flaps',
    script: world => {
      for (let flap = 0; flap < 10; flap++) later(world, flap * 6, () => world.wish({ size: flap % 2 === 0 ? 3 : 4 }));
      later(world, 60, () => world.wish({ size: 3 }));
      return 60;
    },
    moves: 2,
    ends: atRest(3),
  },
  {
    name: 'the fleet hibernates and comes back',
    lossy: true,
    size: 3,
    script: world => {
      world.wish({ size: 0 });
      later(world, 120, () => world.wish({ size: 3 }));
      return 120;
    },
    removed: 3,
    moves: 1,
    ends: atRest(3),
  },
  {
    name: 'the fleet hibernates and is woken in the middle',
    lossy: true,
    script: world => {
      world.wish({ size: 0 });
      const seconds = world.chance.between(0, 40);
      later(world, seconds, () => world.wish({ size: 4 }));
      return seconds;
    },
    moves: 1,
    ends: atRest(4),
  },
  {
    name: 'the fleet hibernates and wakes with another spec',
    lossy: true,
    script: world => {
      world.wish({ size: 0 });
      const seconds = world.chance.between(20, 60);
      later(world, seconds, () => world.wish({ target: 'r2' }));
      later(world, seconds + world.chance.between(0, 30), () => world.wish({ size: 4 }));
      return seconds + 30;
    },
    moves: 2,
    ends: atRest(4, 'r2'),
  },
  {
    name: 'the API server is away in the middle of a scale-down',
    script: world => {
      world.wish({ size: 2 });
      later(world, world.chance.between(0, 25), () => world.loseApiServer(60_000));
      return 90;
    },
    removed: 2,
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'somebody deletes the Service',
    script: world => {
      world.loseService();
      return 1;
    },
    removed: 0,
    moves: 0,
    ends: atRest(4),
  },
  {
    name: 'gateways are added and take their share',
    size: 2,
    clients: 60,
    script: world => {
      world.wish({ size: 4, settings: balanced(world) });
      return 0;
    },
    removed: 0,
    moves: 1,
    ends: world => atRest(4)(world) || unbalanced(world, 25),
  },
  {
    name: 'a gateway crashes while others take their share',
    lossy: true,
    size: 2,
    clients: 60,
    script: world => {
      world.wish({ size: 4, settings: balanced(world) });
      const seconds = world.chance.between(5, 40);
      later(world, seconds, () => world.crash(world.chance.pick(world.pods())?.name));
      return seconds;
    },
    moves: 2,
    ends: world => atRest(4)(world) || unbalanced(world, 25),
  },
  {
    name: 'a gateway is taken away while others take their share',
    size: 2,
    clients: 60,
    script: world => {
      world.wish({ size: 4, settings: balanced(world) });
      const seconds = world.chance.between(5, 40);
      later(world, seconds, () => world.wish({ size: 3 }));
      return seconds;
    },
    moves: 2,
    ends: world => atRest(3)(world) || unbalanced(world, 30),
  },
  {
    name: 'clients come in a wave while others take their share',
    size: 2,
    clients: 300,
    script: world => {
      world.wish({ size: 4, settings: balanced(world) });
      const seconds = world.chance.between(30, 60);
      later(world, seconds, () => world.arrive(200, 30_000));
      return seconds + 30;
    },
    removed: 0,
    moves: 1,
    ends: world => atRest(4)(world) || unbalanced(world, 150),
  },
];
