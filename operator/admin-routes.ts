import { type AdminAnswer, type AdminRoute, metricsRoute, text } from '../server/process/admin.ts';
import type { Health } from './health.ts';
import type { Metrics } from './process/metrics.ts';

/** 200 without problems, else 503; the body lists them, a line each. */
function verdict(wrong: readonly string[], notes: readonly string[] = []): AdminAnswer {
  const lines = wrong.length > 0 ? wrong : ['ok', ...notes.map(note => `without ${note}`)];
  return text(wrong.length > 0 ? 503 : 200, `${lines.join('\n')}\n`);
}

/** Routes of the admin port: `/healthz` (nothing hangs), `/readyz` (all needed kinds are listed and current) and `/metrics`. */
export function adminRoutes(registry: Metrics['registry'], health: () => Health): Readonly<Record<string, AdminRoute>> {
  return {
    '/healthz': () => verdict(health().dead),
    '/readyz': () => {
      const { unready, without } = health();
      return verdict(unready, without);
    },
    '/metrics': metricsRoute(registry),
  };
}
