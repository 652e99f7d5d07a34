import { Chance } from './chance.ts';
import type { FleetWorld } from './fleet-world.ts';
import { atRest, type Scenario } from './scenario.ts';
import { later } from './script.ts';

/** State after the steps so far. */
interface Plans {
  size: number;
  revision: number;
  /** Most moves a client may have made. */
  moves: number;
}

/** Something that happens at a random moment. */
type Step = (world: FleetWorld, plans: Plans) => void;

const LARGEST = 6;

function target(world: FleetWorld, plans: Plans, revision: number): void {
  plans.revision = revision;
  plans.moves += 1;
  world.wish({ target: `r${revision}` });
}

const resize: Step = (world, plans) => {
  plans.size = world.chance.integer(1, LARGEST);
  plans.moves += 1;
  world.wish({ size: plans.size });
};
const change: Step = (world, plans) => target(world, plans, plans.revision + 1);
const changeBack: Step = (world, plans) => target(world, plans, Math.max(1, plans.revision - 1));
const hibernate: Step = (world, plans) => {
  // A scale-down that it interrupts begins anew.
  plans.moves += 2;
  world.wish({ size: 0 });
  later(world, world.chance.between(1, 60), () => world.wish({ size: plans.size }));
};
const hold: Step = world => {
  world.wish({ hold: 'NATS is unreachable' });
  later(world, world.chance.between(5, 60), () => world.wish({ hold: '' }));
};
const crash: Step = (world, plans) => {
  // Those who had moved to it may have to move on from where they go then.
  plans.moves += 1;
  world.crash(world.chance.pick(world.pods())?.name);
};
const silence: Step = world => world.silence(world.chance.pick(world.pods())?.name);
const killOperator: Step = world => world.killOperator();
const cutOff: Step = world => {
  const pods = world.pods();
  world.cutOff(pods.slice(0, world.chance.integer(1, Math.max(1, pods.length))), world.chance.between(1_000, 60_000));
};
const setWallClock: Step = world => world.setWallClock(world.chance.between(-3_600_000, 3_600_000));
const losePolls: Step = ({ faults, chance }) =>
  faults.losePolls(chance.between(0.01, 0.5), chance.between(5_000, 120_000));
const delayPolls: Step = ({ faults, chance }) =>
  faults.delayPolls(chance.between(200, 2_000), chance.between(5_000, 120_000));
const refuseWrites: Step = ({ api, faults, chance }) => {
  const objects = [
    ...api.pods.list().map(({ name }) => `Pod ${name}`),
    ...api.deployments.list().map(({ name }) => `Deployment ${name}`),
    'Service',
  ];
  const refused = chance.pick(objects);
  faults.refuseWrites(object => object === refused, chance.between(5_000, 120_000));
};
const flicker: Step = (world, plans) => {
  // Who was led to a gateway in place of one that missed a probe may have to move with that one.
  plans.moves += 1;
  world.flicker(0.97, world.chance.between(5_000, 60_000));
};
const loseApiServer: Step = world => world.loseApiServer(world.chance.between(5_000, 60_000));
const loseService: Step = world => world.loseService();
const drainNode: Step = (world, plans) => {
  // The first gateway stops before it is known that its neighbours will.
  plans.moves += 2;
  world.drainNode('node-2', world.chance.between(100, 30_000));
};

const STEPS: readonly Step[] = [
  resize,
  resize,
  change,
  change,
  changeBack,
  hibernate,
  hold,
  crash,
  crash,
  silence,
  cutOff,
  killOperator,
  killOperator,
  setWallClock,
  losePolls,
  delayPolls,
  refuseWrites,
  refuseWrites,
  flicker,
  loseApiServer,
  loseService,
  drainNode,
];

/** A schedule of a few steps, close enough to each other to meet; the same for the same seed. */
export function randomScenario(seed: number): Scenario {
  const chance = new Chance(seed * 7919);
  const surgePercent = chance.integer(10, 100);
  const plans: Plans = { size: chance.integer(1, 5), revision: 1, moves: 0 };
  return {
    name: `schedule ${seed}`,
    size: plans.size,
    lossy: true,
    clients: chance.integer(5, 40),
    settings: {
      rollout: {
        strategy: chance.yes(0.5) ? 'MoveOnce' : 'Surge',
        surgePercent,
        maxSurge: chance.yes(0.5) ? '100%' : chance.integer(1, 5),
        canary: { percent: chance.yes(0.3) ? chance.integer(5, 50) : 0, seconds: chance.integer(5, 60) },
        progressDeadlineSeconds: 600,
      },
      drain: {
        delaySeconds: chance.integer(1, 5),
        timeoutSeconds: chance.integer(5, 40),
        reconnectsPerSecond: chance.integer(1, 10),
        patienceSeconds: chance.yes(0.5) ? 0 : chance.integer(1, 120),
      },
    },
    script: world => {
      let seconds = 0;
      for (let count = chance.integer(1, 5); count > 0; count--) {
        const step = chance.pick(STEPS);
        later(world, seconds, () => step?.(world, plans));
        seconds += chance.between(0, 45);
      }
      return seconds + 61;
    },
    get moves() {
      return plans.moves;
    },
    ends: world => atRest(plans.size, `r${plans.revision}`)(world),
  };
}
