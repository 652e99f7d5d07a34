/**
 * `npm run demo`: a cluster, the operator from its chart, NATS, a store and a ChatCluster, with its page on the host. The
 * cluster is the local one, that of KUBECONFIG, or with `--kind` one of kind. The page stays until Ctrl-C; with `--detach`
 * the command returns.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { applyExamples, CHAT, readyChat } from '../cluster/chat-service.ts';
import { forwardService } from '../cluster/reach.ts';
import { installOperator } from '../cluster/release.ts';
import { demoCluster } from './cluster.ts';
import { targetOf } from './target.ts';
import { tour } from './tour.ts';

const NAMESPACE = 'demo';
const PAGE_PORT = 8080;

const { values } = parseArgs({
  options: { detach: { type: 'boolean', default: false }, kind: { type: 'boolean', default: false } },
});
const started = performance.now();
const say = (line: string) =>
  console.log(`[${((performance.now() - started) / 1_000).toFixed(0).padStart(4)} s] ${line}`);

async function cluster() {
  try {
    return await demoCluster(targetOf(values, process.env), say);
  } catch (error) {
    console.error(`the demo cannot go on:\n${(error as Error).message}`);
    process.exit(1);
  }
}

const { access, image } = await cluster();
say('3/5 operator: helm upgrade --install chatcluster charts/chatcluster');
await installOperator(access, image);
say(`4/5 ChatCluster: kubectl apply --namespace ${NAMESPACE} -f docs/examples`);
await applyExamples(access, NAMESPACE, randomBytes(36).toString('base64'));
await readyChat(access, NAMESPACE, say);
say('5/5 page');
const local = access.local !== null;
// kubectl port-forward ends with its parent, so nothing of it could stay behind.
const settings = { prefer: PAGE_PORT, ...(values.detach ? { outlive: 'demo' } : {}) };
const page =
  local || !values.detach
    ? await forwardService(access, { namespace: NAMESPACE, service: CHAT, port: 80 }, settings)
    : null;
console.log(
  tour({
    namespace: NAMESPACE,
    port: page?.port ?? null,
    detached: values.detach,
    kubeconfig: local ? null : access.kubeconfig,
  }),
);
if (page && !values.detach) {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await page.close();
  console.log(`\nThe page is closed; the cluster goes on${local ? ' until npm run cluster:down' : ''}.`);
}
