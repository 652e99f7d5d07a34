import type { FleetWorld } from './fleet-world.ts';
import { atRest, type End, type Scenario } from './scenario.ts';
import { firstGateway, lastGateway, loseNats, script, until, wait, wish } from './script.ts';

/** At rest, after a gateway was taken out. */
const backAtRest: End = world =>
  world.writes.some(({ what }) => what.includes('CutOff')) ? atRest(4)(world) : 'it was never taken out';
const others = (world: FleetWorld) => world.pods().slice(1);

/** Gateways lose NATS. Nobody is moved for it. */
export const CUT_OFF: readonly Scenario[] = [
  {
    name: 'one gateway loses NATS for a while',
    script: script(loseNats(firstGateway, 60), wait(60)),
    moves: 0,
    removed: 0,
    ends: backAtRest,
  },
  {
    name: 'one gateway loses NATS, then all do',
    script: script(loseNats(firstGateway, 120), wait(40), loseNats(others, 60), until(120)),
    moves: 0,
    removed: 0,
    ends: backAtRest,
  },
  {
    name: 'a gateway loses NATS in a scale-down',
    script: script(wish({ size: 3 }), wait([0, 30]), loseNats(lastGateway, 40), until(75)),
    moves: 1,
    removed: 1,
    ends: atRest(3),
  },
  {
    name: 'a gateway loses NATS in a rollout',
    script: script(wish({ target: 'r2' }), wait([0, 40]), loseNats(lastGateway, 40), until(85)),
    moves: 1,
    ends: atRest(4, 'r2'),
  },
];

/** So many lose NATS that it must be NATS. */
export const OUTAGES: readonly Scenario[] = [
  {
    name: 'all gateways lose NATS',
    script: script(
      loseNats(world => world.pods(), 60),
      wait(60),
    ),
    moves: 0,
    removed: 0,
    ends: atRest(4),
  },
  {
    name: 'half of the gateways lose NATS, which may as well be the other half',
    script: script(
      loseNats(world => world.pods().slice(0, 2), 60),
      wait(60),
    ),
    moves: 0,
    removed: 0,
    ends: atRest(4),
  },
];
