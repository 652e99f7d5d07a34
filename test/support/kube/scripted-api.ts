import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { KubeClient, type KubeClientOptions } from '../../../operator/kube/client.ts';
import { accessOf } from '../../../operator/kube/http.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/** An HTTP server that answers lists and watches as the test says. */
export interface ScriptedApi {
  readonly client: KubeClient;
  readonly calls: Call[];
  /** Arguments of each call. */
  readonly headers: IncomingHttpHeaders[];
}

/**
 * @param answer called for every request; it ends the response, or leaves it open
 * @param options of the client
 */
export async function scriptedApi(
  t: Pick<TestContext, 'after'>,
  answer: (call: Call, response: ServerResponse, at: number) => void,
  options: Partial<KubeClientOptions> = {},
): Promise<ScriptedApi> {
  const calls: Call[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://test');
    const call = { method: request.method ?? '', path: url.pathname, query: Object.fromEntries(url.searchParams) };
    calls.push(call);
    headers.push(request.headers);
    answer(call, response, calls.length - 1);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const kubeconfig = {
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: { token: 'secret-token' } }],
  };
  const client = new KubeClient(accessOf(JSON.stringify(kubeconfig)), {
    fieldManager: 'test',
    now: () => performance.now(),
    ...options,
  });
  return { client, calls, headers };
}
