/** Events of a scenario, step by step. */
import type { FleetSettings } from '../../../operator/fleet/fleet.ts';
import { SERVICE } from './api-server.ts';
import type { FleetWorld } from './fleet-world.ts';
import type { PodObject } from './objects.ts';
import type { Wishes } from './observe.ts';
import type { Scenario } from './scenario.ts';

/** Something that happens at a moment. */
export type Happening = (world: FleetWorld) => void;
/** A number of seconds, or a random one from the first to the second. */
export type Seconds = number | readonly [number, number];

/** Time that passes before what comes next. */
interface Pause {
  /** @param elapsed seconds since the beginning @returns the same after it */
  readonly end: (world: FleetWorld, elapsed: number) => number;
}

const drawn = ({ chance }: FleetWorld, seconds: Seconds) =>
  typeof seconds === 'number' ? seconds : chance.between(...seconds);

/** Plays `steps` in their order, and lasts until the last of them. */
export function script(...steps: readonly (Happening | Pause)[]): Scenario['script'] {
  return world => {
    let elapsed = 0;
    for (const step of steps) {
      if (typeof step !== 'function') elapsed = step.end(world, elapsed);
      else if (elapsed === 0) step(world);
      else later(world, elapsed, () => step(world));
    }
    return elapsed;
  };
}

export function wait(seconds: Seconds): Pause {
  return { end: (world, elapsed) => elapsed + drawn(world, seconds) };
}

/** @param seconds since the beginning, and no earlier than what went before */
export function until(seconds: number): Pause {
  return { end: (_, elapsed) => Math.max(elapsed, seconds) };
}

/** Runs `step` after `seconds`. */
export function later(world: FleetWorld, seconds: number, step: () => void): void {
  world.time.after(seconds * 1_000, step);
}

/** @param change what is wanted from then on, or how it is found then */
export function wish(change: Partial<Wishes> | ((world: FleetWorld) => Partial<Wishes>)): Happening {
  return world => world.wish(typeof change === 'function' ? change(world) : change);
}

/** `happens` some seconds after the Service has moved to `revision`. */
export function whenServing(revision: string, seconds: Seconds, happens: Happening): Happening {
  return world => {
    const delay = drawn(world, seconds);
    const unwatch = world.api.services.watch(({ serving }) => {
      if (serving !== revision) return;
      unwatch();
      later(world, delay, () => happens(world));
    });
  };
}

/** Complains unless the Service leads to `revision`. */
export function mustServe(revision: string): Happening {
  return ({ api, watchdog }) => {
    const serving = api.services.get(SERVICE)?.serving;
    if (serving !== revision) watchdog.violations.push(`new clients go to ${serving}`);
  };
}

/** Crashes a gateway. @param which the gateway, chosen when it happens */
export function crash(which: (world: FleetWorld) => string | undefined): Happening {
  return world => world.crash(which(world));
}

/** Some gateway of `revision`. */
export function gatewayOf(revision: string): (world: FleetWorld) => string | undefined {
  return world => world.pods().find(pod => pod.revision === revision)?.name;
}

/** Chooses the gateways that an event happens to. */
type Gateways = (world: FleetWorld) => readonly PodObject[];
export const firstGateway: Gateways = world => world.pods().slice(0, 1);
export const lastGateway: Gateways = world => world.pods().slice(-1);

/** NATS is away from some gateways for `seconds`. */
export function loseNats(which: Gateways, seconds: number): Happening {
  return world => world.cutOff(which(world), seconds * 1_000);
}

/** Any gateway, by chance. */
export function anyGateway(world: FleetWorld): string | undefined {
  return world.chance.pick(world.pods())?.name;
}

/** Settings with which gateways are balanced; before, clients are where chance has led them. */
export function balanced(
  { wishes: { settings } }: FleetWorld,
  change: Partial<FleetSettings['rebalance']> = {},
): FleetSettings {
  return { ...settings, rebalance: { ...settings.rebalance, mode: 'Enabled', ...change } };
}
