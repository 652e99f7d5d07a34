import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.ts';

export interface AdminOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly registry: Metrics['registry'];
  readonly isReady: () => boolean;
}

/** Serves `/healthz` (the event loop), `/readyz` (all kinds are listed) and `/metrics`. */
export async function startAdmin({ port, registry, isReady }: AdminOptions): Promise<Server> {
  const server = createServer(async (request, response) => {
    const reply = (code: number, text: string, type = 'text/plain') =>
      response.writeHead(code, { 'content-type': type }).end(text);
    if (request.url === '/healthz') reply(200, 'ok\n');
    else if (request.url === '/readyz')
      reply(isReady() ? 200 : 503, isReady() ? 'ok\n' : 'not all kinds are listed yet\n');
    else if (request.url === '/metrics') reply(200, await registry.metrics(), registry.contentType);
    else reply(404, 'not found\n');
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve));
  return server;
}
