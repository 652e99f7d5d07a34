import type { Logger } from 'pino';
import { ADMIN_PATHS } from '../contract/ports.ts';
import { type AdminRoute, adminServer, json, metricsRoute, text } from '../process/admin.ts';
import type { Part } from './part.ts';
import type { Telemetry } from './telemetry.ts';

export interface Admin extends Part {
  readonly port: number;
}

/**
 * Admin port of a gateway: health, metrics and load.
 * @param port 0 takes any free one
 * @throws {Error} when the port cannot be had
 */
export async function adminPart(port: number, telemetry: Telemetry, logger: Logger): Promise<Admin> {
  const failed = (error: unknown) => logger.error({ err: error }, 'a request to the admin port could not be answered');
  const server = await adminServer(port, adminRoutes(telemetry), failed);
  return { port: server.port, stop: () => server.stop() };
}

/** Routes of the admin port. Readiness ignores NATS and MongoDB: an outage of theirs must not remove every endpoint. */
function adminRoutes({ load, metrics }: Telemetry): Readonly<Record<string, AdminRoute>> {
  return {
    [ADMIN_PATHS.live]: () => text(200, 'live'),
    [ADMIN_PATHS.ready]: () => {
      const { ready, draining } = load();
      return ready ? text(200, 'ready') : text(503, draining ? 'draining' : 'starting');
    },
    [ADMIN_PATHS.load]: () => json(load()),
    [ADMIN_PATHS.metrics]: metricsRoute(metrics.registry),
  };
}
