import { relative } from 'node:path';
import { RESTART_ANNOTATION } from '../../operator/desired/names.ts';
import { CHAT } from '../cluster/chat-service.ts';
import { LOCAL } from '../cluster/layout.ts';
import { RELEASE } from '../cluster/release.ts';

/** Place of the demo. */
export interface Place {
  readonly namespace: string;
  /** Port of 127.0.0.1 with the page; null when none is open. */
  readonly port: number | null;
  /** True when the command returns and leaves all as it is. */
  readonly detached: boolean;
  /** Value of KUBECONFIG for a cluster that is not the local one; null for the local one. */
  readonly kubeconfig: string | null;
}

const GATEWAYS = 'app.kubernetes.io/component=gateway';

/** Things to try in the demo, as text to print. Pure. */
export function tour(place: Place): string {
  const { namespace, port, kubeconfig } = place;
  const kubectl = kubeconfig === null ? `${relative(process.cwd(), LOCAL.bin)}/kubectl` : 'kubectl';
  const inDemo = `${kubectl} --namespace ${namespace}`;
  return `
${page(place, inDemo)}
Open it in two windows, sign in under two names, and chat. Each window says which gateway serves it.
${kubeconfig === null ? '' : `\nFor the commands below:  export KUBECONFIG=${kubeconfig}\n`}
Look around:
  ${inDemo} get chatclusters,pods
  ${inDemo} describe chatcluster ${CHAT}
  ${kubectl} explain chatcluster.spec.gateway.autoscaling
  ${kubectl} --namespace ${RELEASE.namespace} logs deployment/${RELEASE.name}

${kubeconfig === null ? kill(namespace) : ''}Change or delete what the operator made. It comes back:
  ${inDemo} scale deployment --selector ${GATEWAYS} --replicas 1
  ${inDemo} delete service ${CHAT}

Ask for new gateways. Each window moves to one of them once, and nothing is lost:
  ${inDemo} annotate chatcluster ${CHAT} --overwrite ${RESTART_ANNOTATION}="$(date)"
  ${inDemo} get chatcluster ${CHAT} --watch

Open more connections than two gateways should hold, and watch the operator add one:
  node_modules/.bin/node tools/cluster/open-connections.ts 127.0.0.1:${port ?? 'PORT'} 500
  ${inDemo} get pods --selector ${GATEWAYS} --watch

${ending(place, inDemo)}
`;
}

function page({ port }: Place, inDemo: string): string {
  return port === null
    ? `The chat is ready. Open a port to it:\n  ${inDemo} port-forward service/${CHAT} :80`
    : `The chat is at   http://127.0.0.1:${port}`;
}

function kill(namespace: string): string {
  return `Kill a gateway's process (kill -9) while you type. Its windows move to another one, and nothing is lost:
  node_modules/.bin/node tools/cluster/kill-gateway.ts ${namespace}

`;
}

function ending({ kubeconfig, detached, namespace }: Place, inDemo: string): string {
  if (kubeconfig === null)
    return `${detached ? 'The page stays until' : 'Ctrl-C closes the page. The cluster goes on until'}  npm run cluster:down`;
  return `${detached ? '' : 'Ctrl-C closes the page, which leads to one gateway and ends with it.\n'}\
To remove the demo:
  ${inDemo} delete chatcluster ${CHAT} && kubectl delete namespace ${namespace}
  helm --namespace ${RELEASE.namespace} uninstall ${RELEASE.name}`;
}
