import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Response of an admin route. */
export interface AdminAnswer {
  readonly status: number;
  /** Value of `content-type`. */
  readonly type: string;
  readonly body: string;
}

/** Answers one request. May throw or reject: the response is then 500, and the error is reported. */
export type AdminRoute = () => Promise<AdminAnswer> | AdminAnswer;

/** Plain text response. */
export const text = (status: number, body: string): AdminAnswer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body,
});
/** JSON response with status 200. */
export const json = (body: object): AdminAnswer => ({
  status: 200,
  type: 'application/json',
  body: JSON.stringify(body),
});

/** Route that answers with metrics in Prometheus' format. @param registry of prom-client */
export const metricsRoute =
  (registry: { readonly contentType: string; metrics(): Promise<string> }): AdminRoute =>
  async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() });

/**
 * Time that an idle connection stays open. The operator sends a request every 5 to 60 s over one connection: Node's default
 * of 5 s would close it between two requests, or just as one arrives.
 */
const KEEP_ALIVE_MS = 75_000;

/**
 * HTTP server for health, metrics and load, on a port of its own that is not for clients. Answers GET and HEAD only.
 * @param port 0 takes any free port
 * @param failed called with the error of a route that threw; the response is 500
 * @throws {Error} if the port is in use
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
    // Node omits the body of a response to HEAD.
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
