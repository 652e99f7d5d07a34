import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import type { Pod } from '../../operator/api/kube-object.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { ADMIN_PATHS, type BackendHealth, type GatewayLoad, PORTS, WORKER_PATHS } from '../../server/contract.ts';

/** A pod without a node: an object in the API server, and an admin port on a loopback address of its own. */
export interface FakePod {
  /** What `/load` answers; undefined closes the connection without an answer. */
  connections: number | undefined;
  /** What `/backends` answers. */
  health: BackendHealth;
  /** Writes the pod's status as a kubelet would. */
  report(status: { readonly ready: boolean; readonly waiting?: { reason: string; message: string } }): Promise<void>;
  remove(): Promise<void>;
}

const HEALTHY: BackendHealth = {
  nats: { reachable: true, reason: '' },
  store: { reachable: true, reason: '' },
  storeLag: 0,
};
let addresses = 0;

/** Makes a pod of `cluster` with the labels of its Deployment's pods. Linux only: 127.0.0.0/8 is all loopback there. */
export async function fakePod(
  t: Pick<TestContext, 'after'>,
  client: KubeClient,
  cluster: string,
  component: 'gateway' | 'worker',
  name: string,
): Promise<FakePod> {
  addresses++;
  const podIP = `127.77.${process.pid % 256}.${addresses}`;
  const pod: FakePod = {
    connections: 0,
    health: HEALTHY,
    async report({ ready, waiting }) {
      const status = {
        phase: 'Running',
        podIP,
        podIPs: [{ ip: podIP }],
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
        containerStatuses: [
          {
            name: component,
            image: 'example.com/chat:1',
            imageID: '',
            ready,
            restartCount: 0,
            state: waiting ? { waiting } : { running: {} },
          },
        ],
      };
      const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, status };
      await client.apply(object, 'status');
    },
    async remove() {
      await client.delete(await client.get<Pod>(RESOURCES.pods, 'default', name));
    },
  };
  const server = createServer((request, response) => {
    const load: Partial<GatewayLoad> = { gateway: name, ready: true, connections: pod.connections ?? 0 };
    const body =
      request.url === ADMIN_PATHS.load ? load : request.url === WORKER_PATHS.backends ? pod.health : undefined;
    if (request.url === ADMIN_PATHS.load && pod.connections === undefined) response.destroy();
    else response.writeHead(body ? 200 : 404, { connection: 'close' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(PORTS.admin, podIP, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      labels: {
        'chatcluster.dev/cluster': cluster,
        'app.kubernetes.io/name': 'chatcluster',
        'app.kubernetes.io/instance': cluster,
        'app.kubernetes.io/component': component,
      },
    },
    // A grace of 0 lets a deleted pod go at once: there is no kubelet to wait for.
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: component, image: 'example.com/chat:1' }] },
  };
  await client.create(RESOURCES.pods, object);
  return pod;
}
