import type { FleetWorld } from './fleet-world.ts';
import { atRest, type Scenario } from './scenario.ts';
import { crash, type Happening, script, until, wait, wish } from './script.ts';

const PATIENCE_SECONDS = 60;
const settings = { drain: { patienceSeconds: PATIENCE_SECONDS } };

/** Seconds after the beginning at which the first connection was closed to move its client; undefined when none was. */
function firstMove({ experience, writes }: FleetWorld): number | undefined {
  const begun = writes[0]?.at ?? 0;
  const first = experience.closes.find(({ at }) => at > begun);
  return first && (first.at - begun) / 1_000;
}

const chosen = (world: FleetWorld) => world.pods().find(pod => pod.intent)?.name;

/** A gateway that is to stay misses its probes, and answers nobody where `silent`. */
function unready(seconds: number, silent: boolean): Happening {
  return world => {
    const name = world.pods().find(pod => !pod.intent)?.name;
    world.missProbes(name, seconds * 1_000);
    if (silent) world.silence(name);
  };
}
/** Shorter than load balancers keep the connections of a removed target: where the other one went before, this one stays. */
const LONG_SECONDS = 250;

/** One gateway stops being ready while another one is emptied: Kubernetes would take it first, with its clients. */
export const UNREADY: readonly Scenario[] = [
  ['is not ready for long', unready(LONG_SECONDS, false)] as const,
  ['is not ready for long and answers nobody', unready(LONG_SECONDS, true)] as const,
  ['is not ready for three minutes', unready(180, false)] as const,
  ['is not ready for a minute', unready(60, false)] as const,
].map(([what, happens]) => ({
  name: `one gateway is taken away while another one ${what}`,
  script: script(wish({ size: 3 }), wait(2), happens),
  lossy: true,
  // Who was led to it before load balancers had heard of it has to leave with the others.
  moves: 2,
  removed: 1,
  ends: atRest(3),
}));

/** Gateways that are to go first keep their clients for a while. */
export const PATIENCE: readonly Scenario[] = [
  {
    name: 'gateways that are to go keep their clients for a while',
    size: 5,
    clients: 40,
    settings,
    script: script(wish({ size: 3 })),
    moves: 1,
    removed: 2,
    ends: world => {
      const first = firstMove(world);
      if (first !== undefined && first < PATIENCE_SECONDS) return `the first client was moved after ${first} s`;
      return atRest(3)(world);
    },
  },
  {
    name: 'a scale-down is taken back while nobody was moved yet',
    settings,
    script: script(wish({ size: 2 }), wait([0, PATIENCE_SECONDS - 10]), wish({ size: 4 })),
    moves: 0,
    removed: 0,
    ends: atRest(4),
  },
  {
    name: 'the wanted size comes and goes while nobody was moved yet',
    size: 5,
    settings,
    script: script(...[4, 3, 2, 4, 3, 5].flatMap(size => [wish({ size }), wait(9)])),
    moves: 0,
    removed: 0,
    ends: atRest(5),
  },
  {
    name: 'more gateways are to go while others keep their clients',
    size: 6,
    clients: 48,
    settings,
    script: script(...[5, 4, 3].flatMap(size => [wish({ size }), wait(20)])),
    moves: 1,
    removed: 3,
    ends: atRest(3),
  },
  {
    name: 'so many clients are to leave that they are asked sooner',
    clients: 640,
    settings: { drain: { patienceSeconds: PATIENCE_SECONDS, reconnectsPerSecond: 3 } },
    script: script(wish({ size: 2 })),
    moves: 1,
    removed: 2,
    ends: atRest(2),
  },
  {
    name: 'the operator is killed while gateways that are to go keep their clients',
    settings,
    script: script(wish({ size: 2 }), wait([5, PATIENCE_SECONDS]), world => world.killOperator()),
    moves: 1,
    removed: 2,
    ends: atRest(2),
  },
  {
    name: 'the fleet hibernates while gateways that are to go keep their clients',
    lossy: true,
    settings,
    script: script(wish({ size: 2 }), wait(30), wish({ size: 0 }), until(120), wish({ size: 3 })),
    moves: 2,
    ends: atRest(3),
  },
  {
    name: 'a rollout begins while gateways that are to go keep their clients',
    settings,
    script: script(wish({ size: 3 }), wait([5, PATIENCE_SECONDS]), wish({ target: 'r2' })),
    moves: 1,
    ends: atRest(3, 'r2'),
  },
  {
    name: 'a gateway that is to go crashes while it keeps its clients',
    lossy: true,
    settings,
    script: script(wish({ size: 2 }), wait([5, PATIENCE_SECONDS]), crash(chosen)),
    moves: 1,
    removed: 2,
    ends: atRest(2),
  },
];
