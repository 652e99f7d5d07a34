import { ALL_REVISIONS } from '../../../operator/fleet/fleet.ts';
import type { FleetWorld } from './fleet-world.ts';
import { atRest, later, type Scenario, whenServing } from './scenario.ts';

const CANARY = { canary: { percent: 25, seconds: 30 } } as const;

/** Complains when the Service leads to `revision` before both have taken clients for as long as they are to. */
function watchCanary(world: FleetWorld, revision: string): void {
  let bothSince: number | undefined;
  world.api.services.watch(({ serving }) => {
    if (serving === ALL_REVISIONS) bothSince ??= world.time.now;
    const seconds = (world.time.now - (bothSince ?? world.time.now)) / 1_000;
    if (serving === revision && seconds < CANARY.canary.seconds)
      world.watchdog.violations.push(`new clients went to ${revision} alone after ${seconds} s`);
    if (serving !== ALL_REVISIONS) bothSince = undefined;
  });
}

/** Somebody has to come while there is a canary: clients of a gateway that crashes. */
function newcomers(world: FleetWorld): void {
  whenServing(world, ALL_REVISIONS, 10, () =>
    world.crash(world.pods().find(({ revision }) => revision === 'r1')?.name),
  );
}

function canaries(strategy: 'MoveOnce' | 'Surge'): readonly Scenario[] {
  const scenarios: readonly Scenario[] = [
    {
      name: 'new clients try a revision first',
      script: world => {
        watchCanary(world, 'r2');
        newcomers(world);
        world.wish({ target: 'r2' });
        return 30;
      },
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'a revision that new clients try does worse, and is undone',
      script: world => {
        newcomers(world);
        world.wish({ target: 'r2' });
        whenServing(world, ALL_REVISIONS, world.chance.between(12, 25), () => world.wish({ unhealthy: 'it fails' }));
        later(world, 100, () => {
          const serving = world.api.services.get('gateway')?.serving;
          if (serving !== 'r1') world.watchdog.violations.push(`new clients go to ${serving}`);
          world.wish({ undone: 'r2', unhealthy: '' });
        });
        return 100;
      },
      moves: 1,
      ends: atRest(4, 'r1'),
    },
    {
      name: 'the spec changes while new clients try a revision',
      script: world => {
        watchCanary(world, 'r3');
        newcomers(world);
        world.wish({ target: 'r2' });
        const seconds = world.chance.between(0, 60);
        later(world, seconds, () => world.wish({ target: 'r3' }));
        return seconds;
      },
      moves: 2,
      ends: atRest(4, 'r3'),
    },
    {
      name: 'more gateways are wanted while new clients try a revision',
      script: world => {
        world.wish({ target: 'r2' });
        later(world, world.chance.between(0, 40), () => world.wish({ size: 6 }));
        return 40;
      },
      moves: 1,
      ends: atRest(6, 'r2'),
    },
    {
      name: 'a gateway that new clients try crashes',
      script: world => {
        world.wish({ target: 'r2' });
        whenServing(world, ALL_REVISIONS, 10, () =>
          world.crash(world.pods().find(({ revision }) => revision === 'r2')?.name),
        );
        return 60;
      },
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'a revision that new clients are to try never becomes ready',
      settings: { rollout: { progressDeadlineSeconds: 60 } },
      script: world => {
        world.breakRevision('r2');
        world.wish({ target: 'r2' });
        return 100;
      },
      moves: 0,
      ends: world => {
        const serving = world.api.services.get('gateway')?.serving;
        return serving === 'r1' && world.lastPlan?.rollout.reason === 'Stopped' ? '' : `${serving} serves`;
      },
    },
  ];
  return scenarios.map(scenario => ({
    ...scenario,
    lossy: true,
    name: `${scenario.name} (${strategy})`,
    settings: { rollout: { ...CANARY, strategy, ...scenario.settings?.rollout } },
  }));
}

/** MoveOnce with half as many gateways more: they have room for all clients, or for a part of them at a time. */
const HALF: readonly Scenario[] = (
  [
    ['which have room for all', 1_000],
    ['which have room for some', 15],
  ] as const
).map(([what, maxConnections]) => ({
  name: `a rollout with half as many gateways more, ${what}`,
  size: 6,
  clients: 60,
  room: 9,
  settings: { rollout: { maxSurge: '50%' }, capacity: { maxConnections } },
  script: world => {
    let most = 0;
    world.api.pods.watch(() => {
      most = Math.max(most, world.pods().length);
      if (most > 9) world.watchdog.violations.push(`${most} gateways at the same time`);
    });
    world.wish({ target: 'r2' });
    return 0;
  },
  moves: 1,
  removed: 6,
  ends: atRest(6, 'r2'),
}));

export const CANARIES: readonly Scenario[] = [...canaries('MoveOnce'), ...canaries('Surge'), ...HALF];
