import { ALL_REVISIONS } from '../../../operator/api/serving.ts';
import { SERVICE } from './api-server.ts';
import { atRest, type Scenario } from './scenario.ts';
import { crash, gatewayOf, type Happening, mustServe, script, until, wait, whenServing, wish } from './script.ts';

const CANARY = { canary: { percent: 25, seconds: 30 } } as const;

/** Complains when the Service leads to `revision` before both have taken clients for as long as they are to. */
function watchCanary(revision: string): Happening {
  return world => {
    let bothSince: number | undefined;
    world.api.services.watch(({ serving }) => {
      if (serving === ALL_REVISIONS) bothSince ??= world.time.now;
      const seconds = (world.time.now - (bothSince ?? world.time.now)) / 1_000;
      if (serving === revision && seconds < CANARY.canary.seconds)
        world.watchdog.violations.push(`new clients went to ${revision} alone after ${seconds} s`);
      if (serving !== ALL_REVISIONS) bothSince = undefined;
    });
  };
}

/** A canary needs new connections: a gateway crashes and its clients connect again. */
const newcomers = whenServing(ALL_REVISIONS, 10, crash(gatewayOf('r1')));
const fails = whenServing(ALL_REVISIONS, [12, 25], wish({ unhealthy: 'it fails' }));
const change = wish({ target: 'r2' });

function canaries(strategy: 'MoveOnce' | 'Surge'): readonly Scenario[] {
  const scenarios: readonly Scenario[] = [
    {
      name: 'new clients try a revision first',
      script: script(watchCanary('r2'), newcomers, change, wait(30)),
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'a revision that new clients try does worse, and is undone',
      script: script(newcomers, change, fails, until(100), mustServe('r1'), wish({ undone: 'r2', unhealthy: '' })),
      moves: 1,
      ends: atRest(4, 'r1'),
    },
    {
      name: 'the spec changes while new clients try a revision',
      script: script(watchCanary('r3'), newcomers, change, wait([0, 60]), wish({ target: 'r3' })),
      moves: 2,
      ends: atRest(4, 'r3'),
    },
    {
      name: 'more gateways are wanted while new clients try a revision',
      script: script(change, wait([0, 40]), wish({ size: 6 }), until(40)),
      moves: 1,
      ends: atRest(6, 'r2'),
    },
    {
      name: 'a gateway that new clients try crashes',
      script: script(change, whenServing(ALL_REVISIONS, 10, crash(gatewayOf('r2'))), wait(60)),
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'a revision that new clients are to try never becomes ready',
      settings: { rollout: { progressDeadlineSeconds: 60 } },
      script: script(world => world.breakRevision('r2'), change, wait(100)),
      moves: 0,
      ends: world => {
        const serving = world.api.services.get(SERVICE)?.serving;
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

/** Complains when more gateways run than with half as many more. */
const watchSurge: Happening = world => {
  let most = 0;
  world.api.pods.watch(() => {
    most = Math.max(most, world.pods().length);
    if (most > 9) world.watchdog.violations.push(`${most} gateways at the same time`);
  });
};

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
  script: script(watchSurge, change),
  moves: 1,
  removed: 6,
  ends: atRest(6, 'r2'),
}));

export const CANARIES: readonly Scenario[] = [...canaries('MoveOnce'), ...canaries('Surge'), ...HALF];
