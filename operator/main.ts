import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { startAdmin } from './admin.ts';
import { errorFields } from './brief.ts';
import type { Clock } from './clock.ts';
import { loadOperatorConfig } from './config.ts';
import { defaultAccess } from './kube/http.ts';
import { askPod } from './kube/pod-http.ts';
import { startOperator } from './operator.ts';

const clock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

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
  clock,
  random: Math.random,
  ask: askPod,
  log,
});
const admin = await startAdmin({
  port: config.adminPort,
  registry: operator.metrics.registry,
  health: () => operator.health(),
  onError: error => log.error(errorFields(error), 'metrics could not be collected'),
});
log.info({ address: admin.address(), namespace: config.namespace || 'all' }, 'operator started');

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    void operator.stop().then(() => {
      admin.close();
      process.exit(0);
    });
  });
