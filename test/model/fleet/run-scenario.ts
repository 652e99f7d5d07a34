import { SERVICE } from './api-server.ts';
import { LONGEST_RETRY_MS } from './clients.ts';
import { FleetWorld } from './fleet-world.ts';
import type { CloseCause } from './gateway.ts';
import { DEFAULT_SETTINGS, type Scenario } from './scenario.ts';
import type { Planner } from './simulated-operator.ts';
import { START } from './timeline.ts';

export interface RunOptions {
  readonly seed: number;
  readonly planner: Planner;
  /** True if the first revision is older than the label that asks for clients. Default: with every third seed. */
  readonly old?: boolean;
  /** The operator is killed after its write of this number, the first one being 1. */
  readonly killAfterWrite?: number;
  readonly log?: (line: string) => void;
}

export interface Outcome {
  /** All that must not have been; empty for a good run. */
  readonly violations: readonly string[];
  readonly writes: number;
  /** Most moves of any client. */
  readonly moves: number;
  /** Longest time a client was without a connection after a close. */
  readonly gapSeconds: number;
  /** Most closes by intents within a second. */
  readonly peak: number;
  /** Seconds until the end was reached. */
  readonly seconds: number;
  /** Deployments, Service and pods at the end, without the names of the pods. */
  readonly end: string;
}

/** A fleet is given so long after the last step of its script. */
const BOUND_SECONDS = 900;
/** The default of a widely used load balancer for targets that were removed. */
const REMOVED_TARGETS_MS = 300_000;
/** So long it must rest, without a write. */
const REST_SECONDS = 40;

/** Plays `scenario` in simulated time and judges it. */
export function runScenario(scenario: Scenario, options: RunOptions): Outcome {
  const { seed, planner, killAfterWrite, log, old = seed % 3 === 0 } = options;
  const size = scenario.size ?? 4;
  const { drain, rollout, rebalance, capacity } = scenario.settings ?? {};
  const settings = {
    drain: { ...DEFAULT_SETTINGS.drain, ...drain },
    rollout: { ...DEFAULT_SETTINGS.rollout, ...rollout },
    rebalance: { ...DEFAULT_SETTINGS.rebalance, ...rebalance },
    capacity: { ...DEFAULT_SETTINGS.capacity, ...capacity },
  };
  const world = new FleetWorld({
    seed,
    planner,
    settings,
    size,
    clients: scenario.clients ?? 24,
    old,
    room: scenario.room ?? 80,
    removedTargetsMs: REMOVED_TARGETS_MS,
    slicesLagMs: 200 + (seed % 3) * 1_400,
    watchLagMs: (seed % 5) * 250,
    pollMs: 1_000 + (seed % 4) * 1_000,
    killAfterWrite,
    log,
  });
  const { time, watchdog } = world;
  const violations = [...watchdog.violations];
  if (world.writes.length > 0) violations.push(`a fleet at rest was written to: ${world.writes[0]?.what}`);
  const begin = time.now;
  const scriptSeconds = scenario.script(world);
  time.runUntil(begin + scriptSeconds * 1000);
  let missing = scenario.ends(world);
  while (missing !== '' && time.now < begin + (scriptSeconds + BOUND_SECONDS) * 1000) {
    time.runUntil(time.now + 1000);
    missing = scenario.ends(world);
  }
  const seconds = (time.now - begin) / 1000;
  // Plans that were made before may still be carried out.
  time.runUntil(time.now + 5_000);
  const written = world.writes.length;
  time.runUntil(time.now + REST_SECONDS * 1000);
  if (missing !== '') violations.push(`not at its end after ${seconds} s: ${missing}`);
  else if (scenario.ends(world) !== '') violations.push(`the end did not last: ${scenario.ends(world)}`);
  else if (world.writes.length > written) violations.push(`written at rest: ${world.writes[written]?.what}`);

  const moves = Math.max(0, ...world.clients.map(client => client.moves));
  if (moves > scenario.moves) violations.push(`a client moved ${moves} times`);
  const removed = world.removed.map(({ name }) => name);
  if (scenario.removed !== undefined && removed.length !== scenario.removed)
    violations.push(`removed are ${removed.join(', ') || 'none'}`);
  const gapSeconds = Math.max(0, ...world.clients.map(client => client.longestGapMs)) / 1000;
  if (!scenario.lossy && gapSeconds > LONGEST_RETRY_MS / 1000)
    violations.push(`a client was without a connection for ${gapSeconds} s`);
  const drained = peakOf(world, cause => cause !== 'Rebalance');
  if (drained > settings.drain.reconnectsPerSecond)
    violations.push(`${drained} connections were closed within a second`);
  const shed = peakOf(world, cause => cause === 'Rebalance');
  if (shed > settings.rebalance.connectionsPerSecond) violations.push(`${shed} connections were shed within a second`);
  const dropped = world.experience.closes.filter(({ cause }) => cause === 'Dropped').length;
  if (dropped > 0) violations.push(`load balancers dropped ${dropped} connections of gateways that were out for long`);
  violations.push(...watchdog.violations);
  return { violations, writes: written, moves, gapSeconds, peak: Math.max(drained, shed), seconds, end: endOf(world) };
}

const UNWANTED: ReadonlySet<CloseCause> = new Set(['Terminated', 'Crashed', 'Dropped']);

/** Most connections that intents closed within a second. */
function peakOf({ experience }: FleetWorld, counts: (cause: CloseCause) => boolean): number {
  const times = experience.closes
    .filter(({ at, cause }) => at > START && !UNWANTED.has(cause) && counts(cause))
    .map(({ at }) => at);
  let peak = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    // A second less a moment: the last close of one second and the first of the next are no two in one.
    while ((times[to] ?? 0) - (times[from] ?? 0) >= 999) from += 1;
    peak = Math.max(peak, to - from + 1);
  }
  return peak;
}

function endOf({ api }: FleetWorld): string {
  const deployments = api.deployments.list().map(({ name, replicas, stopped }) => `${name} ${replicas} ${stopped}`);
  const pods = api.pods.list().map(pod => `${pod.revision} ${pod.ready} ${pod.intent?.reason ?? ''}`);
  return [...deployments.sort(), `-> ${api.services.get(SERVICE)?.serving}`, ...pods.sort()].join('; ');
}
