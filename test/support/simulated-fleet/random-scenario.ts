import { Chance } from './chance.ts';
import type { FleetWorld } from './fleet-world.ts';
import { atRest, type End, later, type Scenario } from './scenario.ts';

/** Something that happens at a random moment. @returns the most moves it may cost a client */
type Step = (world: FleetWorld, state: Plans) => number;

/** What the steps so far have led to. */
interface Plans {
  size: number;
  revision: number;
}

const LARGEST = 6;

const STEPS: readonly Step[] = [
  (world, state) => {
    state.size = world.chance.integer(1, LARGEST);
    world.wish({ size: state.size });
    return 1;
  },
  (world, state) => {
    state.revision += 1;
    world.wish({ target: `r${state.revision}` });
    return 1;
  },
  (world, state) => {
    // Back to the one before, which may be there still.
    state.revision = Math.max(1, state.revision - 1);
    world.wish({ target: `r${state.revision}` });
    return 1;
  },
  world => {
    world.crash(world.chance.pick(world.pods())?.name);
    // What its clients connect to may be on its way out.
    return 0;
  },
  world => {
    world.silence(world.chance.pick(world.pods())?.name);
    return 0;
  },
  world => {
    world.killOperator();
    return 0;
  },
  world => {
    world.loseApiServer(world.chance.between(5_000, 60_000));
    return 0;
  },
  world => {
    world.wish({ hold: 'NATS is unreachable' });
    later(world, world.chance.between(5, 60), () => world.wish({ hold: '' }));
    return 0;
  },
];

/** A schedule of a few steps, close enough to each other to meet; the same for the same seed. */
export function randomScenario(seed: number): Scenario {
  const chance = new Chance(seed * 7919);
  const strategy = chance.yes(0.5) ? 'MoveOnce' : 'Surge';
  const surgePercent = chance.integer(10, 100);
  const size = chance.integer(1, 5);
  const state: Plans = { size, revision: 1 };
  let moves = 0;
  const ends: End = world => atRest(state.size, `r${state.revision}`)(world);
  return {
    name: `schedule ${seed}`,
    size,
    clients: chance.integer(5, 40),
    // Everything fits twice, or few more than are wanted.
    room: strategy === 'Surge' && surgePercent < 30 ? 8 : 80,
    settings: {
      rollout: { strategy, surgePercent, progressDeadlineSeconds: 600 },
      drain: {
        delaySeconds: chance.integer(1, 5),
        timeoutSeconds: chance.integer(5, 40),
        reconnectsPerSecond: chance.integer(1, 10),
      },
    },
    script: world => {
      let seconds = 0;
      for (let count = chance.integer(1, 5); count > 0; count--) {
        const step = chance.pick(STEPS);
        later(world, seconds, () => {
          moves += step?.(world, state) ?? 0;
        });
        seconds += chance.between(0, 45);
      }
      return seconds + 61;
    },
    get moves() {
      return moves;
    },
    ends,
  };
}
