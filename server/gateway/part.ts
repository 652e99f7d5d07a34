import { once } from '../process/once.ts';
import { TICK_MS } from '../session/heartbeat.ts';
import type { Route } from '../transport/answer.ts';

/** Routes of the client port, by exact path. */
export type Routes = Readonly<Record<string, Route>>;

/**
 * A part of a gateway: started by the function that makes it, and stopped with the gateway. It owns what it starts: timers,
 * connections, subscriptions.
 */
export interface Part {
  /** Paths it answers on the client port. A path belongs to one part. */
  readonly routes?: Routes;
  /** Does the work of each second. Must neither throw nor wait. */
  tick?(): void;
  /** Ends what the part has started. Parts later in the list are stopped already. A rejection does not keep the others from stopping. */
  stop?(): Promise<void> | void;
}

/**
 * Starts the ticks of `parts`.
 * @param parts in the order of their ticks
 * @returns stops the ticks, then the parts in reverse order; at the first call
 */
export function runParts(parts: readonly Part[]): () => Promise<void> {
  const timer = setInterval(() => {
    for (const part of parts) part.tick?.();
  }, TICK_MS);
  return once(async () => {
    clearInterval(timer);
    for (const part of parts.toReversed()) {
      // Parts that stop at once are stopped in one tick of the event loop: nothing of a client comes between.
      const stopped = part.stop?.();
      if (stopped) await stopped.catch(() => undefined);
    }
  });
}

/** Routes of all parts. @throws {Error} when two parts answer one path */
export function routesOf(parts: readonly Part[]): Routes {
  const routes = new Map<string, Routes[string]>();
  for (const [path, route] of parts.flatMap(part => Object.entries(part.routes ?? {}))) {
    if (routes.has(path)) throw new Error(`two parts answer ${path}`);
    routes.set(path, route);
  }
  return Object.fromEntries(routes);
}
