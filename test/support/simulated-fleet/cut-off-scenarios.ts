import type { FleetWorld } from './fleet-world.ts';
import { atRest, later, type Scenario } from './scenario.ts';

const wasSetAside = ({ writes }: FleetWorld) => writes.some(({ what }) => what.includes('CutOff'));

/** Gateways lose NATS. Nobody is moved for it. */
export const CUT_OFF: readonly Scenario[] = [
  {
    name: 'one gateway loses NATS for a while',
    script: world => {
      world.cutOff(world.pods().slice(0, 1), 60_000);
      return 60;
    },
    moves: 0,
    removed: 0,
    ends: world => (wasSetAside(world) ? atRest(4)(world) : 'it was never taken out'),
  },
  {
    name: 'one gateway loses NATS, then all do',
    script: world => {
      const [first, ...others] = world.pods();
      world.cutOff(first ? [first] : [], 120_000);
      later(world, 40, () => world.cutOff(others, 60_000));
      return 120;
    },
    moves: 0,
    removed: 0,
    ends: world => (wasSetAside(world) ? atRest(4)(world) : 'it was never taken out'),
  },
  {
    name: 'a gateway loses NATS in a scale-down',
    script: world => {
      world.wish({ size: 3 });
      later(world, world.chance.between(0, 30), () => world.cutOff(world.pods().slice(-1), 40_000));
      return 75;
    },
    moves: 1,
    removed: 1,
    ends: atRest(3),
  },
  {
    name: 'a gateway loses NATS in a rollout',
    script: world => {
      world.wish({ target: 'r2' });
      later(world, world.chance.between(0, 40), () => world.cutOff(world.pods().slice(-1), 40_000));
      return 85;
    },
    moves: 1,
    ends: atRest(4, 'r2'),
  },
];

/** So many lose NATS that it must be NATS. */
export const OUTAGES: readonly Scenario[] = [
  {
    name: 'all gateways lose NATS',
    script: world => {
      world.cutOff(world.pods(), 60_000);
      return 60;
    },
    moves: 0,
    removed: 0,
    ends: atRest(4),
  },
  {
    name: 'half of the gateways lose NATS, which may as well be the other half',
    script: world => {
      world.cutOff(world.pods().slice(0, 2), 60_000);
      return 60;
    },
    moves: 0,
    removed: 0,
    ends: atRest(4),
  },
];
