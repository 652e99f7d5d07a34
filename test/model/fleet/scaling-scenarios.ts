import type { FleetWorld } from './fleet-world.ts';
import { atRest, type End, type Scenario, unbalanced } from './scenario.ts';
import { anyGateway, balanced, crash, type Happening, script, until, wait, wish } from './script.ts';

/** A gateway that is being drained. */
const victim = (world: FleetWorld) => world.pods().find(pod => pod.intent !== undefined)?.name;
const noVictim = (world: FleetWorld) => world.pods().find(pod => pod.intent === undefined)?.name;
const loseApiServer: Happening = world => world.loseApiServer(60_000);
const silenceOne: Happening = world => world.silence(anyGateway(world));
const silenceAll: Happening = world => {
  for (const { name } of world.pods()) world.silence(name);
};
const flap = (_: unknown, turn: number) => [wish({ size: turn % 2 === 0 ? 3 : 4 }), wait(6)];

export const SCALE_DOWN: Scenario = {
  name: 'several gateways are taken away',
  size: 5,
  clients: 40,
  script: script(wish({ size: 2 })),
  moves: 1,
  ends: atRest(2),
};

const SIZES: readonly Scenario[] = [
  {
    name: 'one gateway is taken away',
    script: script(wish({ size: 3 })),
    removed: 1,
    moves: 1,
    ends: atRest(3),
  },
  { ...SCALE_DOWN, removed: 3 },
  {
    name: 'many gateways are taken away at a rate below their number',
    size: 12,
    clients: 72,
    settings: { drain: { reconnectsPerSecond: 3 } },
    script: script(wish({ size: 4 })),
    removed: 8,
    moves: 1,
    ends: atRest(4),
  },
  {
    name: 'a scale-down is taken back in its middle',
    script: script(wish({ size: 2 }), wait([0, 40]), wish({ size: 4 })),
    moves: 1,
    ends: atRest(4),
  },
  {
    name: 'a gateway is Pending when one is to go',
    room: 4,
    script: script(wish({ size: 5 }), wait(20), wish({ size: 4 })),
    removed: 1,
    moves: 0,
    ends: atRest(4),
  },
  {
    name: 'a gateway is Pending when two are to go',
    room: 4,
    script: script(wish({ size: 5 }), wait(20), wish({ size: 3 })),
    removed: 2,
    moves: 1,
    ends: atRest(3),
  },
  {
    name: 'a gateway becomes Pending while another one is drained',
    room: 4,
    script: script(wish({ size: 3 }), wait([1, 30]), wish({ size: 5 }), wait(10), wish({ size: 2 })),
    moves: 2,
    ends: atRest(2),
  },
  {
    name: 'the wanted size flaps',
    script: script(...Array.from({ length: 10 }, flap).flat(), wish({ size: 3 })),
    moves: 2,
    ends: atRest(3),
  },
];

const FAULTS: readonly Scenario[] = [
  {
    name: 'a victim crashes in the middle of its drain',
    lossy: true,
    script: script(wish({ size: 2 }), wait([2, 20]), crash(victim)),
    removed: 2,
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'another gateway crashes while one is drained',
    lossy: true,
    script: script(wish({ size: 3 }), wait([0, 25]), crash(noVictim)),
    removed: 1,
    moves: 1,
    ends: atRest(3),
  },
  {
    name: 'a gateway that never answers may be among those to go',
    script: script(silenceOne, wait(5), wish({ size: 2 })),
    removed: 2,
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'all gateways fall silent in the middle of a scale-down',
    script: script(wish({ size: 2 }), wait([0, 10]), silenceAll),
    removed: 2,
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'the API server is away in the middle of a scale-down',
    script: script(wish({ size: 2 }), wait([0, 25]), loseApiServer, until(90)),
    removed: 2,
    moves: 1,
    ends: atRest(2),
  },
  {
    name: 'somebody deletes the Service',
    script: script(world => world.loseService(), wait(1)),
    removed: 0,
    moves: 0,
    ends: atRest(4),
  },
];

const HIBERNATION: readonly Scenario[] = [
  {
    name: 'the fleet hibernates and comes back',
    lossy: true,
    size: 3,
    script: script(wish({ size: 0 }), wait(120), wish({ size: 3 })),
    removed: 3,
    moves: 1,
    ends: atRest(3),
  },
  {
    name: 'the fleet hibernates and is woken in the middle',
    lossy: true,
    script: script(wish({ size: 0 }), wait([0, 40]), wish({ size: 4 })),
    moves: 1,
    ends: atRest(4),
  },
  {
    name: 'the fleet hibernates and wakes with another spec',
    lossy: true,
    script: script(wish({ size: 0 }), wait([20, 60]), wish({ target: 'r2' }), wait([0, 30]), wish({ size: 4 })),
    moves: 2,
    ends: atRest(4, 'r2'),
  },
];

/** Two gateways get two more, which are to take their share. */
const grows = wish(world => ({ size: 4, settings: balanced(world) }));
/** At rest, and no gateway holds more than `most` connections. */
const shared =
  (size: number, most: number): End =>
  world =>
    atRest(size)(world) || unbalanced(world, most);

const BALANCE: readonly Scenario[] = [
  {
    name: 'gateways are added and take their share',
    size: 2,
    clients: 60,
    script: script(grows),
    removed: 0,
    moves: 1,
    ends: shared(4, 25),
  },
  {
    name: 'a gateway crashes while others take their share',
    lossy: true,
    size: 2,
    clients: 60,
    script: script(grows, wait([5, 40]), crash(anyGateway)),
    moves: 2,
    ends: shared(4, 25),
  },
  {
    name: 'a gateway is taken away while others take their share',
    size: 2,
    clients: 60,
    script: script(grows, wait([5, 40]), wish({ size: 3 })),
    moves: 2,
    ends: shared(3, 30),
  },
  {
    name: 'clients come in a wave while others take their share',
    size: 2,
    clients: 300,
    script: script(grows, wait([30, 60]), world => world.arrive(200, 30_000), wait(30)),
    removed: 0,
    moves: 1,
    ends: shared(4, 150),
  },
];

/** The wanted size changes, and what may happen meanwhile. */
export const SCALING: readonly Scenario[] = [...SIZES, ...FAULTS, ...HIBERNATION, ...BALANCE];
