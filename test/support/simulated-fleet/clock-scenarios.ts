import type { FleetWorld } from './fleet-world.ts';
import { atRest, later, type Scenario, stoppedAt, whenServing } from './scenario.ts';

const HOUR_MS = 3_600_000;

/** Another operator takes over whose time of day is an hour off, or that of the one that works is set. */
const OFF: readonly (readonly [string, (world: FleetWorld) => void])[] = [
  ['an operator that is an hour ahead takes over', world => takeOver(world, HOUR_MS)],
  ['an operator that is an hour behind takes over', world => takeOver(world, -HOUR_MS)],
  ['the time of day is set an hour ahead', world => world.setWallClock(HOUR_MS)],
  ['the time of day is set an hour back', world => world.setWallClock(-HOUR_MS)],
];

function takeOver(world: FleetWorld, aheadMs: number): void {
  world.setWallClock(aheadMs);
  world.killOperator();
}

const CASES: readonly Scenario[] = [
  {
    name: 'in a scale-down',
    // So many that it takes a while.
    clients: 80,
    script: world => {
      world.wish({ size: 3 });
      return 0;
    },
    moves: 1,
    removed: 1,
    ends: atRest(3),
  },
  {
    name: 'while a gateway that is to go does not say what it holds',
    script: world => {
      world.silence(world.pods()[0]?.name);
      world.wish({ size: 1 });
      return 0;
    },
    moves: 1,
    removed: 3,
    ends: atRest(1),
  },
  {
    name: 'in a rollout',
    clients: 60,
    script: world => {
      world.wish({ target: 'r2' });
      return 0;
    },
    moves: 1,
    removed: 4,
    ends: atRest(4, 'r2'),
  },
  {
    name: 'while a revision does not become ready',
    settings: { rollout: { progressDeadlineSeconds: 120 } },
    script: world => {
      world.breakRevision('r2');
      world.wish({ target: 'r2' });
      let reason = '';
      later(world, 60, () => {
        reason = world.lastPlan?.rollout.reason ?? '';
      });
      later(world, 61, () => {
        if (reason !== 'Starting') world.watchdog.violations.push(`it is ${reason} half way to its deadline`);
      });
      return 300;
    },
    moves: 0,
    ends: stoppedAt('r1', 4),
  },
  {
    name: 'while one of the gateways has lost NATS',
    script: world => {
      world.cutOff(world.pods().slice(0, 1), 60_000);
      return 60;
    },
    moves: 0,
    removed: 0,
    ends: atRest(4),
  },
  {
    name: 'before clients are spread after a rollout',
    clients: 60,
    script: world => {
      const { settings } = world.wishes;
      const rebalance = { ...settings.rebalance, mode: 'Enabled', afterRolloutSeconds: 60 } as const;
      world.wish({ target: 'r2', settings: { ...settings, rebalance } });
      whenServing(world, 'r2', 0, () => world.wish({ size: 6 }));
      whenServing(world, 'r2', 60, () => {
        const early = world.experience.closes.filter(({ cause }) => cause === 'Rebalance').length;
        if (early > 0) world.watchdog.violations.push(`${early} connections were shed right after the rollout`);
      });
      return 60;
    },
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
