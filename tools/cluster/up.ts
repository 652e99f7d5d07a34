/**
 * `npm run cluster:up [-- --nodes 2]`: a real Kubernetes, in namespaces of its own. A second run changes nothing but the
 * number of nodes, if it names one.
 */
import { parseArgs } from 'node:util';
import { whyNoCluster } from './host.ts';
import { LOCAL } from './layout.ts';
import { addNode, removeNode } from './second-node.ts';
import { startCluster } from './start.ts';

const { nodes } = parseArgs({ options: { nodes: { type: 'string' } } }).values;
if (nodes !== undefined && nodes !== '1' && nodes !== '2') {
  console.error('--nodes takes 1 or 2');
  process.exit(2);
}
const problem = whyNoCluster(process.platform, process.getuid?.());
if (problem !== null) {
  console.error(problem);
  process.exit(1);
}
const say = (line: string) => console.log(line);
const started = performance.now();
const outcome = await startCluster(LOCAL, say);
if (nodes === '2') await addNode(LOCAL, say);
if (nodes === '1') await removeNode(LOCAL);
const seconds = ((performance.now() - started) / 1_000).toFixed(0);
console.log(outcome === 'started' ? `the cluster is up after ${seconds} s` : 'the cluster was up already');
console.log(`  KUBECONFIG=${LOCAL.kubeconfig}\n  ${LOCAL.bin}/kubectl get pods -A`);
