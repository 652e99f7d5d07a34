import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import { CLIENT_PATHS } from '../contract.ts';
import type { HttpAnswer, HttpRequest } from '../socket/uws.ts';
import { devTokenRoute } from './dev-token.ts';
import { pageFiles } from './page.ts';

const plain = (status: string, body: string): HttpAnswer => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
});

const NOT_FOUND = plain('404 Not Found', 'not found');

/** The built page: beside the sources in a checkout, beside the server in the image. */
const PAGE_FOLDER = fileURLToPath(new URL('../../web/dist', import.meta.url));

/**
 * Everything but the WebSocket on the client port.
 * @param pageFolder where the built page is
 * @throws when the page is enabled and was not built
 */
export async function clientRoutes(
  config: Config,
  ready: () => boolean,
  pageFolder = PAGE_FOLDER,
): Promise<(request: HttpRequest) => Promise<HttpAnswer> | HttpAnswer> {
  if (config.webPage === 'Enabled' && !existsSync(pageFolder))
    throw new Error('the page is enabled but not built: run `npm run build:web`');
  let files = config.webPage === 'Enabled' ? await pageFiles(pageFolder) : undefined;
  const page = async (path: string): Promise<HttpAnswer> => {
    files ??= await pageFiles(pageFolder); // enabled since
    return files.get(path) ?? NOT_FOUND;
  };
  const devToken = config.devSignIn === 'Enabled' ? devTokenRoute(config) : null;
  return request => {
    if (request.path === CLIENT_PATHS.ready)
      return ready() ? plain('200 OK', 'ready') : plain('503 Service Unavailable', 'not ready');
    if (devToken && request.path === CLIENT_PATHS.devToken) return devToken(request);
    return config.webPage === 'Enabled' && request.method === 'GET' ? page(request.path) : NOT_FOUND;
  };
}
