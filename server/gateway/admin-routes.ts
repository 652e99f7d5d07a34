import type { GatewayLoad } from '../contract/load.ts';
import { ADMIN_PATHS } from '../contract/ports.ts';
import { type AdminRoute, json, metricsRoute, text } from '../process/admin.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';

/** What the admin port of a gateway answers. Readiness says nothing of NATS and MongoDB: their outage is no reason to lose every endpoint. */
export function adminRoutes(load: () => GatewayLoad, metrics: GatewayMetrics): Readonly<Record<string, AdminRoute>> {
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
