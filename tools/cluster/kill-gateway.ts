/** `node tools/cluster/kill-gateway.ts NAMESPACE [POD]`: kill -9 for the process of a gateway, by default of any. */
import { clusterAccess } from './access.ts';
import { killContainer } from './kill.ts';

const [, , namespace, wanted] = process.argv;
if (namespace === undefined) {
  console.error('usage: node tools/cluster/kill-gateway.ts NAMESPACE [POD]');
  process.exit(2);
}
const access = clusterAccess(process.env);
const { items } = await access.get<{ items: { metadata: { name: string } }[] }>([
  ...['pods', `--namespace=${namespace}`, '--selector=app.kubernetes.io/component=gateway'],
  '--field-selector=status.phase=Running',
]);
const pod = wanted ?? items[0]?.metadata.name;
if (pod === undefined) throw new Error(`no gateway runs in ${namespace}`);
await killContainer(access, { namespace, pod, container: 'gateway' }, 'KILL');
console.log(`killed ${pod}`);
