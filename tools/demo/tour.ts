import { relative } from 'node:path';
import { RESTART_ANNOTATION } from '../../operator/desired/names.ts';
import { CHAT } from '../cluster/chat-service.ts';
import { LOCAL } from '../cluster/layout.ts';
import { RELEASE } from '../cluster/release.ts';

export interface Place {
  readonly namespace: string;
  /** Of 127.0.0.1, where the page is. */
  readonly port: number;
  readonly detached: boolean;
}

/** What to try in the demo, as text to print. Pure. */
export function tour({ namespace, port, detached }: Place): string {
  const kubectl = `${relative(process.cwd(), LOCAL.bin)}/kubectl`;
  const inDemo = `${kubectl} --namespace ${namespace}`;
  const gateways = 'app.kubernetes.io/component=gateway';
  return `
The chat is at   http://127.0.0.1:${port}
Open it in two windows, sign in under two names, and chat. Each window says which gateway serves it.

Look around:
  ${inDemo} get chatclusters,pods
  ${inDemo} describe chatcluster ${CHAT}
  ${kubectl} explain chatcluster.spec.gateway.autoscaling
  ${kubectl} --namespace ${RELEASE.namespace} logs deployment/${RELEASE.name}

Kill a gateway's process (kill -9) while you type. Its windows move to another one, and nothing is lost:
  node_modules/.bin/node tools/cluster/kill-gateway.ts ${namespace}

Change or delete what the operator made. It comes back:
  ${inDemo} scale deployment --selector ${gateways} --replicas 1
  ${inDemo} delete service ${CHAT}

Ask for new gateways. Each window moves to one of them once, and nothing is lost:
  ${inDemo} annotate chatcluster ${CHAT} --overwrite ${RESTART_ANNOTATION}="$(date)"
  ${inDemo} get chatcluster ${CHAT} --watch

Open more connections than two gateways should hold, and watch the operator add one:
  node_modules/.bin/node tools/cluster/open-connections.ts 127.0.0.1:${port} 500
  ${inDemo} get pods --selector ${gateways} --watch

${detached ? 'The page stays until' : 'Ctrl-C closes the page. The cluster goes on until'}  npm run cluster:down
`;
}
