/** `npm run cluster:down`: ends the local cluster, its data and its forwards. Without a cluster it changes nothing. */
import { LOCAL } from './layout.ts';
import { stopCluster } from './stop.ts';

await stopCluster(LOCAL);
console.log('the cluster is down; its logs are kept in .cluster/log until the next start');
