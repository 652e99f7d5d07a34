/** `npm run cluster:up`: a real Kubernetes of one node, in namespaces of its own. A second run changes nothing. */
import { whyNoCluster } from './host.ts';
import { LOCAL } from './layout.ts';
import { startCluster } from './start.ts';

const problem = whyNoCluster(process.platform, process.getuid?.());
if (problem !== null) {
  console.error(problem);
  process.exit(1);
}
const started = performance.now();
const outcome = await startCluster(LOCAL, line => console.log(line));
const seconds = ((performance.now() - started) / 1_000).toFixed(0);
console.log(outcome === 'started' ? `the cluster is up after ${seconds} s` : 'the cluster was up already');
console.log(`  KUBECONFIG=${LOCAL.kubeconfig}\n  ${LOCAL.bin}/kubectl get pods -A`);
