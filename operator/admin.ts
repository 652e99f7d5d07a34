import { createServer, type Server } from 'node:http';
import type { Health } from './health.ts';
import type { Metrics } from './metrics.ts';

export interface AdminOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly registry: Metrics['registry'];
  readonly health: () => Health;
  /** Told why an answer could not be made. */
  readonly onError?: (error: unknown) => void;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

/** 200 where nothing is wrong; the body says what is, a line each. */
function verdict(wrong: readonly string[], notes: readonly string[] = []): Answer {
  const lines = wrong.length > 0 ? wrong : ['ok', ...notes.map(note => `without ${note}`)];
  return { status: wrong.length > 0 ? 503 : 200, body: `${lines.join('\n')}\n` };
}

/**
 * Serves `/healthz` (nothing hangs), `/readyz` (what is needed is known, and current) and `/metrics` to GET and HEAD.
 * @throws {Error} when the port cannot be had
 */
export async function startAdmin({ port, registry, health, onError }: AdminOptions): Promise<Server> {
  const routes: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
    '/healthz': () => verdict(health().dead),
    '/readyz': () => {
      const { unready, without } = health();
      return verdict(unready, without);
    },
    '/metrics': async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }),
  };
  const answerTo = async (method: string, path: string): Promise<Answer> => {
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route) return { status: 404, body: 'not found\n' };
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'method not allowed\n' };
    try {
      return await route();
    } catch (error) {
      onError?.(error);
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
