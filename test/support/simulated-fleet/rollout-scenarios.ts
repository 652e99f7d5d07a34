import { atRest, later, type Scenario, stoppedAt, whenServing } from './scenario.ts';

/** What may happen while clients are moved from one revision to another. */
function rollouts(strategy: 'MoveOnce' | 'Surge', room: number, how: string): readonly Scenario[] {
  const settings = { rollout: { strategy, surgePercent: 25, progressDeadlineSeconds: 60 } };
  const scenarios: readonly Scenario[] = [
    {
      name: 'a rollout',
      script: world => {
        world.wish({ target: 'r2' });
        return 0;
      },
      removed: 4,
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'a rollout is resized twice',
      script: world => {
        world.wish({ target: 'r2' });
        const size = world.chance.integer(2, Math.min(6, room - 1));
        later(world, world.chance.between(0, 40), () => world.wish({ size }));
        later(world, 200, () => world.wish({ size: 3 }));
        return 200;
      },
      moves: 3,
      ends: atRest(3, 'r2'),
    },
    {
      name: 'the spec changes again in a rollout',
      script: world => {
        world.wish({ target: 'r2' });
        const seconds = world.chance.between(0, 60);
        later(world, seconds, () => world.wish({ target: 'r3' }));
        return seconds;
      },
      moves: 2,
      ends: atRest(4, 'r3'),
    },
    {
      name: 'the spec changes back in a rollout',
      script: world => {
        world.wish({ target: 'r2' });
        const seconds = world.chance.between(0, 60);
        later(world, seconds, () => world.wish({ target: 'r1' }));
        return seconds;
      },
      moves: 2,
      ends: atRest(4, 'r1'),
    },
    {
      name: 'a revision never becomes ready',
      script: world => {
        world.breakRevision('r2');
        world.wish({ target: 'r2' });
        return 100;
      },
      moves: 0,
      ends: stoppedAt('r1', 4),
    },
    {
      name: 'a revision that never becomes ready is replaced',
      script: world => {
        world.breakRevision('r2');
        world.wish({ target: 'r2' });
        const seconds = world.chance.between(0, 100);
        later(world, seconds, () => world.wish({ target: 'r3' }));
        return seconds;
      },
      moves: 1,
      ends: atRest(4, 'r3'),
    },
    {
      name: 'a revision that becomes ready and fails is undone',
      clients: 60,
      script: world => {
        world.wish({ target: 'r2' });
        // While old gateways hold clients: later there is nothing to take them back to.
        whenServing(world, 'r2', world.chance.between(0, 9), () =>
          world.wish({ unhealthy: 'one in ten commands fails' }),
        );
        later(world, 100, () => world.wish({ undone: 'r2', unhealthy: '' }));
        return 100;
      },
      moves: 2,
      ends: atRest(4, 'r1'),
    },
    {
      name: 'a revision that becomes ready and fails is replaced',
      script: world => {
        world.wish({ target: 'r2' });
        whenServing(world, 'r2', world.chance.between(0, 15), () =>
          world.wish({ unhealthy: 'one in ten commands fails' }),
        );
        later(world, 100, () => world.wish({ target: 'r3', unhealthy: '' }));
        return 100;
      },
      // Where there is no place for a third revision, those who had moved are taken back first.
      moves: room === 5 ? 3 : 2,
      ends: atRest(4, 'r3'),
    },
    {
      name: 'a rollout is held and goes on',
      script: world => {
        world.wish({ target: 'r2' });
        const seconds = world.chance.between(0, 40);
        later(world, seconds, () => world.wish({ hold: 'NATS is unreachable' }));
        later(world, seconds + 60, () => world.wish({ hold: '' }));
        return seconds + 60;
      },
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'a new gateway crashes in a rollout',
      lossy: true,
      script: world => {
        world.wish({ target: 'r2' });
        const seconds = world.chance.between(0, 40);
        later(world, seconds, () => world.crash(world.pods().find(pod => pod.revision === 'r2')?.name));
        return seconds;
      },
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'an old gateway crashes in a rollout',
      lossy: true,
      script: world => {
        world.wish({ target: 'r2' });
        const seconds = world.chance.between(0, 40);
        later(world, seconds, () => world.crash(world.pods().find(pod => pod.revision === 'r1')?.name));
        return seconds;
      },
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'somebody deletes the Service in a rollout',
      lossy: true,
      script: world => {
        world.wish({ target: 'r2' });
        const seconds = world.chance.between(0, 40);
        later(world, seconds, () => world.loseService());
        return seconds + 1;
      },
      moves: 2,
      ends: atRest(4, 'r2'),
    },
    {
      name: 'the API server is away in a rollout',
      script: world => {
        world.wish({ target: 'r2' });
        later(world, world.chance.between(0, 40), () => world.loseApiServer(60_000));
        return 100;
      },
      moves: 1,
      ends: atRest(4, 'r2'),
    },
  ];
  return scenarios.map(scenario => ({ ...scenario, name: `${scenario.name}, ${how}`, room, settings }));
}

const ON_DELETE = { rollout: { strategy: 'OnDelete' } } as const;

const onDelete: readonly Scenario[] = [
  {
    name: 'old gateways are replaced when somebody deletes them',
    lossy: true,
    settings: ON_DELETE,
    size: 3,
    script: world => {
      world.wish({ target: 'r2' });
      for (let turn = 1; turn <= 3; turn++) later(world, turn * 60, () => world.deleteOneOf('r1'));
      return 180;
    },
    moves: 3,
    ends: atRest(3, 'r2', '*'),
  },
  {
    name: 'a fleet of two revisions shrinks and grows',
    lossy: true,
    settings: ON_DELETE,
    script: world => {
      world.wish({ target: 'r2' });
      later(world, 20, () => world.deleteOneOf('r1'));
      later(world, 90, () => world.wish({ size: 2 }));
      later(world, 170, () => world.wish({ size: 5 }));
      later(world, 230, () => world.wish({ size: 1 }));
      return 230;
    },
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
    script: world => {
      const { settings } = world.wishes;
      world.wish({ target: 'r2' });
      const seconds = world.chance.between(0, 40);
      later(world, seconds, () =>
        world.wish({ settings: { ...settings, rollout: { ...settings.rollout, strategy: 'OnDelete' } } }),
      );
      later(world, seconds + world.chance.between(0, 60), () => world.wish({ settings }));
      return seconds + 60;
    },
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
