import type { FleetWorld } from './fleet-world.ts';
import { atRest, type Scenario, stoppedAt } from './scenario.ts';
import { crash, gatewayOf, type Happening, script, until, wait, whenServing, wish } from './script.ts';

const change = wish({ target: 'r2' });
const changeAgain = wish({ target: 'r3' });
const breaks: Happening = world => world.breakRevision('r2');
const hold = wish({ hold: 'NATS is unreachable' });
const release = wish({ hold: '' });
/** The new revision does worse, from some seconds after the Service has moved to it. */
const fails = (from: number, to: number) =>
  whenServing('r2', [from, to], wish({ unhealthy: 'one in ten commands fails' }));

/** Events that may happen while clients are moved from one revision to another. */
function rollouts(strategy: 'MoveOnce' | 'Surge', room: number, how: string): readonly Scenario[] {
  const settings = { rollout: { strategy, surgePercent: 25, progressDeadlineSeconds: 60 } };
  const resize = wish(({ chance }) => ({ size: chance.integer(2, Math.min(6, room - 1)) }));
  const scenarios: readonly Scenario[] = [
    {
      name: 'a rollout',
      script: script(change),
      removed: 4,
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'a rollout is resized twice',
      script: script(change, wait([0, 40]), resize, until(200), wish({ size: 3 })),
      moves: 3,
      ends: atRest(3, 'r2'),
    },
    {
      name: 'the spec changes again in a rollout',
      script: script(change, wait([0, 60]), changeAgain),
      moves: 2,
      ends: atRest(4, 'r3'),
    },
    {
      name: 'the spec changes back in a rollout',
      script: script(change, wait([0, 60]), wish({ target: 'r1' })),
      moves: 2,
      ends: atRest(4, 'r1'),
    },
    {
      name: 'a revision never becomes ready',
      script: script(breaks, change, wait(100)),
      moves: 0,
      ends: stoppedAt('r1', 4),
    },
    {
      name: 'a revision that never becomes ready is replaced',
      script: script(breaks, change, wait([0, 100]), changeAgain),
      moves: 1,
      ends: atRest(4, 'r3'),
    },
    {
      name: 'a revision that becomes ready and fails is undone',
      clients: 60,
      // While old gateways hold clients: later there is nothing to take them back to.
      script: script(change, fails(0, 9), wait(100), wish({ undone: 'r2', unhealthy: '' })),
      moves: 2,
      ends: atRest(4, 'r1'),
    },
    {
      name: 'a revision that becomes ready and fails is replaced',
      script: script(change, fails(0, 15), wait(100), wish({ target: 'r3', unhealthy: '' })),
      // Where there is no place for a third revision, those who had moved are taken back first.
      moves: room === 5 ? 3 : 2,
      ends: atRest(4, 'r3'),
    },
    {
      name: 'a rollout is held and goes on',
      script: script(change, wait([0, 40]), hold, wait(60), release),
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'a new gateway crashes in a rollout',
      lossy: true,
      script: script(change, wait([0, 40]), crash(gatewayOf('r2'))),
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'an old gateway crashes in a rollout',
      lossy: true,
      script: script(change, wait([0, 40]), crash(gatewayOf('r1'))),
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'somebody deletes the Service in a rollout',
      lossy: true,
      script: script(change, wait([0, 40]), world => world.loseService(), wait(1)),
      moves: 2,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'the API server is away in a rollout',
      script: script(change, wait([0, 40]), world => world.loseApiServer(60_000), until(100)),
      moves: 1,
      ends: atRest(4, 'r2'),
    },
  ];
  return scenarios.map(scenario => ({ ...scenario, name: `${scenario.name}, ${how}`, room, settings }));
}

const ON_DELETE = { rollout: { strategy: 'OnDelete' } } as const;
const deleteOld: Happening = world => world.deleteOneOf('r1');
const setStrategy =
  (strategy: 'MoveOnce' | 'OnDelete') =>
  ({ wishes: { settings } }: FleetWorld) => ({
    settings: { ...settings, rollout: { ...settings.rollout, strategy } },
  });

const onDelete: readonly Scenario[] = [
  {
    name: 'old gateways are replaced when somebody deletes them',
    lossy: true,
    settings: ON_DELETE,
    size: 3,
    script: script(change, wait(60), deleteOld, wait(60), deleteOld, wait(60), deleteOld),
    moves: 3,
    ends: atRest(3, 'r2', '*'),
  },
  {
    name: 'a fleet of two revisions shrinks and grows',
    lossy: true,
    settings: ON_DELETE,
    script: script(
      change,
      wait(20),
      deleteOld,
      until(90),
      wish({ size: 2 }),
      until(170),
      wish({ size: 5 }),
      until(230),
      wish({ size: 1 }),
    ),
    moves: 3,
    ends: world => {
      const pods = world.pods();
      return pods.length === 1 && pods[0]?.ready ? '' : `${pods.length} gateways`;
    },
  },
  {
    // The Service offers gateways again that are being emptied.
    name: 'the strategy is changed to OnDelete and back in a rollout',
    lossy: true,
    script: script(change, wait([0, 40]), wish(setStrategy('OnDelete')), wait([0, 60]), wish(setStrategy('MoveOnce'))),
    moves: 2,
    ends: atRest(4, 'r2'),
  },
];

export const ROLLOUTS: readonly Scenario[] = [
  ...rollouts('MoveOnce', 80, 'all at once'),
  ...rollouts('Surge', 80, 'few at a time'),
  ...onDelete,
];
/** With room for one gateway more than are wanted. */
export const TIGHT_ROLLOUTS: readonly Scenario[] = rollouts('Surge', 5, 'one place left').filter(
  ({ name }) => !name.startsWith('a rollout is resized'),
);
