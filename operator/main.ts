import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { adminServer } from '../server/process/admin.ts';
import { systemClock } from '../server/time/clock.ts';
import { adminRoutes } from './admin-routes.ts';
import { loadOperatorConfig } from './config.ts';
import { errorFields } from './kube/error-text.ts';
import { defaultAccess } from './kube/http.ts';
import { askPod } from './kube/pod-http.ts';
import { startOperator } from './operator.ts';

function configured() {
  try {
    return loadOperatorConfig(process.env);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

const config = configured();
const log = pino({ level: config.logLevel, base: { process: 'operator', instance: config.instance } });
const operator = startOperator({
  config,
  lease: config.lease,
  identity: `${config.instance}_${randomUUID()}`,
  kube: defaultAccess(),
  clock: systemClock,
  random: Math.random,
  ask: askPod,
  log,
});
const admin = await adminServer(
  config.adminPort,
  adminRoutes(operator.metrics.registry, () => operator.health()),
  error => log.error(errorFields(error), 'a request to the admin port could not be answered'),
);
log.info({ adminPort: admin.port, namespace: config.namespace || 'all' }, 'operator started');

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    void operator
      .stop()
      .then(() => admin.stop())
      .then(() => process.exit(0));
  });
