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

/**
 * Health, metrics and load, on a port of their own that is not for clients. Routes are answered to GET only.
 * @param port 0 takes any free port
 */
export async function adminServer(
  port: number,
  routes: Readonly<Record<string, AdminRoute>>,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'; // `new URL` throws for `//`
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    let answer = text(404, 'not found');
    if (request.method !== 'GET') answer = text(405, 'method not allowed');
    else if (route) {
      try {
        answer = await route();
      } catch {
        answer = text(500, 'internal server error');
      }
    }
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
  });
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
