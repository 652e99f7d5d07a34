import { atRest, later, type Scenario } from './scenario.ts';

/** One of the two nodes is drained. */
export const NODES: readonly Scenario[] = [
  {
    name: 'a node is cordoned and drained later',
    script: world => {
      // Long enough for another operator to take over.
      world.drainNode('node-2', 45_000);
      return 45;
    },
    moves: 1,
    ends: atRest(4),
  },
  {
    // The first gateway stops before it is known that its neighbours will.
    name: 'a node is drained at once',
    lossy: true,
    script: world => {
      world.drainNode('node-2', 100);
      return 5;
    },
    moves: 2,
    ends: atRest(4),
  },
  {
    name: 'a node is drained in a scale-down',
    script: world => {
      world.wish({ size: 3 });
      later(world, world.chance.between(0, 30), () => world.drainNode('node-2', 15_000));
      return 45;
    },
    moves: 2,
    ends: atRest(3),
  },
  {
    name: 'a node is drained in a rollout',
    script: world => {
      world.wish({ target: 'r2' });
      const seconds = world.chance.between(0, 40);
      later(world, seconds, () => world.drainNode('node-2', 15_000));
      return seconds + 15;
    },
    moves: 3,
    ends: atRest(4, 'r2'),
  },
];
