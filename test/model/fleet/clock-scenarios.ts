import type { FleetWorld } from './fleet-world.ts';
import { atRest, type Scenario, stoppedAt } from './scenario.ts';
import {
  balanced,
  firstGateway,
  type Happening,
  later,
  loseNats,
  script,
  until,
  wait,
  whenServing,
  wish,
} from './script.ts';

const HOUR_MS = 3_600_000;

/** Another operator takes over whose time of day is an hour off, or that of the one that works is set. */
const OFF: readonly (readonly [string, Happening])[] = [
  ['an operator that is an hour ahead takes over', world => takeOver(world, HOUR_MS)],
  ['an operator that is an hour behind takes over', world => takeOver(world, -HOUR_MS)],
  ['the time of day is set an hour ahead', world => world.setWallClock(HOUR_MS)],
  ['the time of day is set an hour back', world => world.setWallClock(-HOUR_MS)],
];

function takeOver(world: FleetWorld, aheadMs: number): void {
  world.setWallClock(aheadMs);
  world.killOperator();
}

const change = wish({ target: 'r2' });

/** Complains when it is not said that the revision starts. */
const mustStart: Happening = ({ lastPlan, watchdog }) => {
  const reason = lastPlan?.rollout.reason;
  if (reason !== 'Starting') watchdog.violations.push(`it is ${reason} half way to its deadline`);
};

/** Gateways are balanced a minute after the rollout. */
const changeAndBalance = wish(world => ({ target: 'r2', settings: balanced(world, { afterRolloutSeconds: 60 }) }));
const noneShed: Happening = ({ experience, watchdog }) => {
  const early = experience.closes.filter(({ cause }) => cause === 'Rebalance').length;
  if (early > 0) watchdog.violations.push(`${early} connections were shed right after the rollout`);
};

const CASES: readonly Scenario[] = [
  {
    name: 'in a scale-down',
    // So many that it takes a while.
    clients: 80,
    script: script(wish({ size: 3 })),
    moves: 1,
    removed: 1,
    ends: atRest(3),
  },
  {
    name: 'while a gateway that is to go does not report its load',
    script: script(world => world.silence(world.pods()[0]?.name), wish({ size: 1 })),
    moves: 1,
    removed: 3,
    ends: atRest(1),
  },
  {
    name: 'in a rollout',
    clients: 60,
    script: script(change),
    moves: 1,
    removed: 4,
    ends: atRest(4, 'r2'),
  },
  {
    name: 'while a revision does not become ready',
    settings: { rollout: { progressDeadlineSeconds: 120 } },
    script: script(world => world.breakRevision('r2'), change, wait(60), mustStart, until(300)),
    moves: 0,
    ends: stoppedAt('r1', 4),
  },
  {
    name: 'while one of the gateways has lost NATS',
    script: script(loseNats(firstGateway, 60), wait(60)),
    moves: 0,
    removed: 0,
    ends: atRest(4),
  },
  {
    name: 'before clients are spread after a rollout',
    clients: 60,
    script: script(
      changeAndBalance,
      whenServing('r2', 0, wish({ size: 6 })),
      whenServing('r2', 60, noneShed),
      wait(60),
    ),
    moves: 2,
    ends: atRest(6, 'r2'),
  },
];

export const CLOCKS: readonly Scenario[] = CASES.flatMap(scenario =>
  OFF.map(([what, happens]) => ({
    ...scenario,
    name: `${what} ${scenario.name}`,
    script: world => {
      later(world, world.chance.between(5, 30), () => happens(world));
      return Math.max(30, scenario.script(world));
    },
  })),
);
