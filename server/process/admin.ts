import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AdminAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export type AdminRoute = () => Promise<AdminAnswer> | AdminAnswer;

export const text = (status: number, body: string): AdminAnswer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body,
});
export const json = (body: object): AdminAnswer => ({
  status: 200,
  type: 'application/json',
  body: JSON.stringify(body),
});

/** Metrics as Prometheus reads them. @param registry such as prom-client's */
export const metricsRoute =
  (registry: { readonly contentType: string; metrics(): Promise<string> }): AdminRoute =>
  async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() });

/**
 * The operator asks every 5 to 60 s, over one connection. Node's default of 5 s would close it between two questions, or right
 * as one comes in.
 */
const KEEP_ALIVE_MS = 75_000;

/**
 * Health, metrics and load, on a port of their own that is not for clients. Routes are answered to GET and HEAD only.
 * @param port 0 takes any free port
 * @param failed told why a route could not answer; whoever asked gets 500
 * @throws {Error} when the port cannot be had
 */
export async function adminServer(
  port: number,
  routes: Readonly<Record<string, AdminRoute>>,
  failed: (error: unknown) => void,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const answerTo = async (method: string, path: string): Promise<AdminAnswer> => {
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route) return text(404, 'not found');
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'method not allowed');
    try {
      return await route();
    } catch (error) {
      failed(error);
      return text(500, 'internal server error');
    }
  };
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'; // `new URL` throws for `//`
    const { status, type, body } = await answerTo(request.method ?? 'GET', path);
    const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
    // Node leaves the body of an answer to HEAD away by itself.
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...allow }).end(body);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
