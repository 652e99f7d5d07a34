import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import type { TestContext } from 'node:test';

export interface RecordedCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Status of the answer; undefined until it arrives. */
  status: number | undefined;
}

/** Stands between one client and the API server and writes down every request. */
export interface RecordingProxy {
  /** The kubeconfig that leads through it. */
  readonly kubeconfig: string;
  readonly calls: readonly RecordedCall[];
  /** Requests that change the cluster, Leases left out. */
  writes(): RecordedCall[];
  /** Called with each request before it is passed on. */
  onCall: (call: RecordedCall) => void;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly name: string; readonly cluster: { readonly server: string } }[];
}

/** @param kubeconfig JSON of one cluster whose certificate nobody checks */
export async function recordingProxy(t: Pick<TestContext, 'after'>, kubeconfig: string): Promise<RecordingProxy> {
  const config = JSON.parse(kubeconfig) as Kubeconfig;
  const [target] = config.clusters;
  if (!target) throw new Error('the kubeconfig has no cluster');
  const calls: RecordedCall[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '/', headers } = incoming;
    const call: RecordedCall = { method, path: new URL(url, 'http://proxy').pathname, status: undefined };
    calls.push(call);
    proxy.onCall(call);
    const forwarded = request(
      new URL(url, target.cluster.server),
      { method, headers, rejectUnauthorized: false },
      answer => {
        call.status = answer.statusCode;
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        // An answer that breaks off breaks off for the client too.
        pipeline(answer, outgoing, () => {});
      },
    );
    forwarded.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const proxy: RecordingProxy = {
    kubeconfig: JSON.stringify({
      ...config,
      clusters: [
        { name: target.name, cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
      ],
    }),
    calls,
    writes: () => calls.filter(({ method, path }) => method !== 'GET' && !path.includes('/leases')),
    onCall: () => {},
  };
  return proxy;
}
