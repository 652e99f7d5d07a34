import type { FleetWorld } from './fleet-world.ts';
import { SCALE_DOWN } from './scaling-scenarios.ts';
import { atRest, type Scenario } from './scenario.ts';
import { type Happening, script, until, wait, wish } from './script.ts';

/** They last no longer, but for what changes nothing at rest. */
const FAULT_SECONDS = 60;

/** Faults that last for some time while clients are moved. */
const FAULTS: readonly (readonly [string, Happening])[] = [
  ['one in ten answers of gateways is lost', ({ faults }) => faults.losePolls(0.1, 600_000)],
  ['most answers of gateways are lost for a while', ({ faults }) => faults.losePolls(0.8, 60_000)],
  ['answers of gateways are two seconds late', ({ faults }) => faults.delayPolls(2_000, 600_000)],
  ['gateways miss probes', world => world.flicker(0.97, 40_000)],
  [
    'a policy refuses writes to a pod for a while',
    world => {
      const pod = `Pod ${world.chance.pick(world.pods())?.name}`;
      world.faults.refuseWrites(object => object === pod, 60_000);
    },
  ],
  [
    'a policy refuses writes to Deployments for a while',
    ({ faults }) => faults.refuseWrites(object => object.startsWith('Deployment'), 60_000),
  ],
  [
    'a policy refuses writes to the Service for a while',
    ({ faults }) => faults.refuseWrites(object => object === 'Service', 60_000),
  ],
];

const change = wish({ target: 'r2' });
const ROLLOUT: Scenario = {
  name: 'a rollout',
  clients: 40,
  script: script(change),
  moves: 1,
  ends: atRest(4, 'r2'),
};
const SURGE: Scenario = {
  ...ROLLOUT,
  name: 'a rollout, few at a time',
  settings: { rollout: { strategy: 'Surge' } },
};

const refuse =
  (what: string): Happening =>
  ({ faults }) =>
    faults.refuseWrites(object => object === what);

/** A refused write stops its own work only: clients stay where they are, and everything else goes on. */
const FOR_EVER: readonly Scenario[] = [
  {
    name: 'a policy refuses for ever to mark a gateway that is to go',
    size: 5,
    // The one with the fewest connections is chosen, so that the others have to be chosen with it.
    script: script(refuse('Pod r1-first-1'), wish({ size: 1 }), wait(120)),
    moves: 1,
    ends: () => '',
  },
  {
    name: 'a policy refuses for ever to change a Deployment, and there are to be more of its gateways',
    script: script(
      refuse('Deployment r1'),
      wish({ size: 6 }),
      wait(30),
      wish({ size: 3 }),
      wait(30),
      change,
      until(240),
    ),
    moves: 2,
    ends: world => (world.api.services.get('gateway')?.serving === 'r2' ? '' : 'the Service does not lead to r2'),
  },
];

/** Complains about old gateways. */
const mustHaveMoved: Happening = world => {
  const left = world.pods().filter(({ revision }) => revision === 'r1').length;
  if (left > 0) world.watchdog.violations.push(`${left} old gateways are left`);
};

const LARGE: Scenario = {
  name: 'a rollout of thirty gateways that miss probes now and then',
  size: 30,
  clients: 150,
  room: 80,
  settings: { drain: { reconnectsPerSecond: 30 }, capacity: { maxConnections: 15, targetConnections: 5 } },
  script: script(world => world.flicker(0.997, 200_000), change, wait(200), mustHaveMoved),
  moves: 1,
  ends: atRest(30, 'r2'),
};

export const FAULTY: readonly Scenario[] = [
  ...[SCALE_DOWN, ROLLOUT, SURGE].flatMap(scenario =>
    FAULTS.map(([what, begin]) => ({
      ...scenario,
      name: `${scenario.name}, and ${what}`,
      lossy: true,
      script: (world: FleetWorld) => {
        begin(world);
        return Math.max(FAULT_SECONDS, scenario.script(world));
      },
    })),
  ),
  ...FOR_EVER,
  LARGE,
];
