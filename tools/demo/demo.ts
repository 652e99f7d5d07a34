/**
 * `npm run demo`: the local cluster, the operator from its chart, NATS, a store and a ChatCluster, with its page on the
 * host. It stays until Ctrl-C; with `--detach` it returns and `npm run cluster:down` ends what it opened.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { clusterAccess } from '../cluster/access.ts';
import { loadBackendImages } from '../cluster/backend-images.ts';
import { buildChatImage } from '../cluster/chat-image.ts';
import { applyExamples, CHAT, readyChat } from '../cluster/chat-service.ts';
import { CLUSTER_TOOLS, ensureTools, IMAGE_TOOLS, whyNoCluster } from '../cluster/host.ts';
import { LOCAL } from '../cluster/layout.ts';
import { loadBuilt } from '../cluster/load-image.ts';
import { forwardService } from '../cluster/reach.ts';
import { installOperator } from '../cluster/release.ts';
import { startCluster } from '../cluster/start.ts';
import { checkPrerequisites, spinePrerequisites } from '../local/prerequisites.ts';
import { tour } from './tour.ts';

const NAMESPACE = 'demo';
const PAGE_PORT = 8080;

const { values } = parseArgs({ options: { detach: { type: 'boolean', default: false } } });
const started = performance.now();
const say = (line: string) =>
  console.log(`[${((performance.now() - started) / 1_000).toFixed(0).padStart(4)} s] ${line}`);

const problems = await checkPrerequisites(await spinePrerequisites());
const noCluster = whyNoCluster(process.platform, process.getuid?.());
if (noCluster !== null) problems.push(noCluster);
if (problems.length > 0) {
  console.error(`the demo cannot run here:\n${problems.join('\n')}`);
  process.exit(1);
}
const tools = [...CLUSTER_TOOLS, ...IMAGE_TOOLS];
await ensureTools(tools);
say(`0/5 prerequisites are there: ${tools.map(({ program }) => program).join(', ')}`);

say('1/5 cluster');
await startCluster(LOCAL, say);
say('2/5 images');
const image = await buildChatImage();
await loadBuilt(LOCAL, image);
await loadBackendImages(LOCAL);
const access = clusterAccess({ ...process.env, CHATCLUSTER_KUBECONFIG: '' });
say('3/5 operator: helm upgrade --install chatcluster charts/chatcluster');
await installOperator(access, image);
say(`4/5 ChatCluster: kubectl apply --namespace ${NAMESPACE} -f docs/examples`);
await applyExamples(access, NAMESPACE, randomBytes(36).toString('base64'));
await readyChat(access, NAMESPACE, say);
say('5/5 page');
const settings = { prefer: PAGE_PORT, ...(values.detach ? { outlive: 'demo' } : {}) };
const page = await forwardService(access, { namespace: NAMESPACE, service: CHAT, port: 80 }, settings);
console.log(tour({ namespace: NAMESPACE, port: page.port, detached: values.detach }));
if (!values.detach) {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await page.close();
  console.log('\nThe page is closed; the cluster goes on until npm run cluster:down.');
}
