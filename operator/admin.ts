import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.ts';

export interface AdminOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly registry: Metrics['registry'];
  readonly isReady: () => boolean;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

/** Serves `/healthz` (the event loop), `/readyz` (all kinds are listed) and `/metrics` to GET and HEAD. */
export async function startAdmin({ port, registry, isReady }: AdminOptions): Promise<Server> {
  const routes: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
    '/healthz': () => ({ status: 200, body: 'ok\n' }),
    '/readyz': () =>
      isReady() ? { status: 200, body: 'ok\n' } : { status: 503, body: 'not all kinds are listed yet\n' },
    '/metrics': async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }),
  };
  const answerTo = async (method: string, path: string): Promise<Answer> => {
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route) return { status: 404, body: 'not found\n' };
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'method not allowed\n' };
    try {
      return await route();
    } catch {
      return { status: 500, body: 'internal server error\n' };
    }
  };
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'; // `new URL` throws for `//`
    const { status, type = 'text/plain', body } = await answerTo(request.method ?? 'GET', path);
    const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
    // Node leaves the body of an answer to HEAD away by itself.
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...allow }).end(body);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve));
  return server;
}
