import type { FleetWorld } from './fleet-world.ts';
import { atRest, atRestOnDelete, type End, later, type Scenario } from './scenario.ts';

/** A pod that is being drained or shed. */
const victim = (world: FleetWorld) => world.pods().find(pod => pod.intent !== undefined)?.name;

const scaling: readonly Scenario[] = [
  {
    name: 'one gateway is taken away',
    script: world => {
      world.wish({ size: 3 });
      return 0;
    },
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
    moves: 1,
    ends: atRest(2),
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
    room: 2,
    script: world => {
      world.wish({ size: 5 });
      later(world, 20, () => world.wish({ size: 4 }));
      return 20;
    },
    moves: 0,
    ends: atRest(4),
  },
  {
    name: 'a gateway is Pending when two are to go',
    room: 2,
    script: world => {
      world.wish({ size: 5 });
      later(world, 20, () => world.wish({ size: 3 }));
      return 20;
    },
    moves: 1,
    ends: atRest(3),
  },
  {
    name: 'a gateway is Pending for good when a third one drains',
    room: 2,
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
    script: world => {
      world.wish({ size: 2 });
      const seconds = world.chance.between(2, 20);
      later(world, seconds, () => world.crash(victim(world)));
      return seconds;
    },
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'another gateway crashes while one is drained',
    script: world => {
      world.wish({ size: 3 });
      const seconds = world.chance.between(0, 25);
      later(world, seconds, () => world.crash(world.pods().find(pod => !pod.intent)?.name));
      return seconds;
    },
    moves: 1,
    ends: atRest(3),
  },
  {
    name: 'a gateway that never answers is among those to go',
    script: world => {
      world.silence(world.pods()[world.chance.integer(0, 3)]?.name);
      later(world, 5, () => world.wish({ size: 2 }));
      return 5;
    },
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
    size: 3,
    script: world => {
      world.wish({ size: 0 });
      later(world, 120, () => world.wish({ size: 3 }));
      return 120;
    },
    moves: 1,
    ends: atRest(3),
  },
  {
    name: 'the API server is away in the middle of a scale-down',
    script: world => {
      world.wish({ size: 2 });
      later(world, world.chance.between(0, 25), () => world.loseApiServer(60_000));
      return 90;
    },
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'gateways are added and take their share',
    size: 2,
    clients: 60,
    settings: { rebalance: { mode: 'Enabled' } },
    script: world => {
      world.wish({ size: 4 });
      return 0;
    },
    moves: 1,
    ends: atRest(4),
  },
];

const revisions = (strategy: 'MoveOnce' | 'Surge', room: number, named: string): readonly Scenario[] => {
  const settings = { rollout: { strategy, surgePercent: 25, progressDeadlineSeconds: 60 } };
  return [
    {
      name: `a rollout, ${named}`,
      room,
      settings,
      script: world => {
        world.wish({ target: 'r2' });
        return 0;
      },
      moves: 1,
      ends: atRest(4, 'r2'),
    },
    {
      name: `a rollout that is resized, ${named}`,
      room,
      settings,
      script: world => {
        world.wish({ target: 'r2' });
        const seconds = world.chance.between(0, 40);
        const size = world.chance.integer(2, room * 2 > 6 ? 6 : 4);
        later(world, seconds, () => world.wish({ size }));
        later(world, 200, () => world.wish({ size: 3 }));
        return 200;
      },
      moves: 3,
      ends: atRest(3, 'r2'),
    },
    {
      name: `the spec changes again in a rollout, ${named}`,
      room,
      settings,
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
      name: `the spec changes back in a rollout, ${named}`,
      room,
      settings,
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
      name: `a revision that never becomes ready, ${named}`,
      room,
      settings,
      script: world => {
        world.breakRevision('r2');
        world.wish({ target: 'r2' });
        return 100;
      },
      moves: 0,
      ends: stoppedAt('r1', 4),
    },
    {
      name: `a revision that never becomes ready is replaced, ${named}`,
      room,
      settings,
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
      name: `a revision that becomes ready and fails is undone, ${named}`,
      room,
      settings,
      script: world => {
        world.wish({ target: 'r2' });
        whenServing(world, 'r2', world.chance.between(0, 15), () =>
          world.wish({ unhealthy: 'one in ten commands fails' }),
        );
        later(world, 100, () => world.wish({ undone: 'r2', unhealthy: '' }));
        return 100;
      },
      moves: 2,
      ends: atRest(4, 'r1'),
    },
    {
      name: `a rollout is held and goes on, ${named}`,
      room,
      settings,
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
      name: `a new gateway crashes in a rollout, ${named}`,
      room,
      settings,
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
      name: `an old gateway crashes in a rollout, ${named}`,
      room,
      settings,
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
      name: `the API server is away in a rollout, ${named}`,
      room,
      settings,
      script: world => {
        world.wish({ target: 'r2' });
        later(world, world.chance.between(0, 40), () => world.loseApiServer(60_000));
        return 100;
      },
      moves: 1,
      ends: atRest(4, 'r2'),
    },
  ];
};

const onDelete: Scenario = {
  name: 'old gateways are replaced when somebody deletes them',
  settings: { rollout: { strategy: 'OnDelete' } },
  size: 3,
  script: world => {
    world.wish({ target: 'r2' });
    for (let turn = 1; turn <= 3; turn++)
      later(world, turn * 60, () => {
        const old = world.pods().find(pod => pod.revision === 'r1');
        if (old) world.api.pods.patch(old.name, { terminating: true });
      });
    return 180;
  },
  moves: 3,
  ends: atRestOnDelete(3, 'r2'),
};

const nodes: readonly Scenario[] = [
  {
    name: 'a node is cordoned and drained later',
    script: world => {
      world.drainNode('node-2', 20_000);
      return 20;
    },
    moves: 1,
    ends: atRest(4),
  },
  {
    name: 'a node is drained at once',
    script: world => {
      world.drainNode('node-2', 100);
      return 5;
    },
    moves: 2,
    ends: atRest(4),
  },
  {
    name: 'a node is drained during a scale-down',
    script: world => {
      world.wish({ size: 3 });
      later(world, world.chance.between(0, 30), () => world.drainNode('node-2', 15_000));
      return 45;
    },
    moves: 2,
    ends: atRest(3),
  },
];

/** Clients stay with `revision`, and the target's rollout is stopped for a reason that is written down. */
function stoppedAt(revision: string, size: number): End {
  return world => {
    const ready = world.pods().filter(pod => pod.revision === revision && pod.ready && !pod.intent).length;
    if (ready !== size) return `${ready} ready gateways of ${revision}`;
    const reason = world.lastPlan?.plan.rollout.reason;
    return reason === 'Stopped' ? '' : `the rollout is ${reason}`;
  };
}

/** Runs `step` some seconds after the Service has moved to `revision`. */
function whenServing(world: FleetWorld, revision: string, seconds: number, step: () => void): void {
  let moved = false;
  world.api.services.watch(({ serving }) => {
    if (moved || serving !== revision) return;
    moved = true;
    later(world, seconds, step);
  });
}

export const SCENARIOS: readonly Scenario[] = [
  ...scaling,
  ...revisions('MoveOnce', 20, 'all at once'),
  ...revisions('Surge', 20, 'few at a time'),
  onDelete,
  ...nodes,
];
