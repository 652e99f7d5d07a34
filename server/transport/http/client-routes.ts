import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CLIENT_PATHS } from '../../contract/ports.ts';
import type { Config } from '../../settings/config.ts';
import type { HttpAnswer, HttpRequest } from '../answer.ts';
import { devTokenRoute } from './dev-token.ts';
import { pageFiles } from './page.ts';

const plain = (status: string, body: string): HttpAnswer => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
});

const NOT_FOUND = plain('404 Not Found', 'not found');
const notAllowed = (allow: string): HttpAnswer => {
  const { status, headers, body } = plain('405 Method Not Allowed', `use ${allow}`);
  return { status, headers: { ...headers, allow }, body };
};
const READ_ONLY = notAllowed('GET, HEAD');

/** Folder of the built page: beside the sources in a checkout, beside the server in the image. */
const PAGE_FOLDER = fileURLToPath(new URL('../../../web/dist', import.meta.url));

/**
 * Serves the readiness path, development sign-in and the page. HEAD comes as GET, see {@link HttpRequest}.
 * @param pageFolder folder of the built page
 * @throws {Error} when the page is enabled and was not built
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
  const read = (method: string, answer: HttpAnswer): HttpAnswer =>
    method === 'GET' || answer === NOT_FOUND ? answer : READ_ONLY;
  return request => {
    const { method, path } = request;
    if (path === CLIENT_PATHS.ready)
      return read(method, ready() ? plain('200 OK', 'ready') : plain('503 Service Unavailable', 'not ready'));
    if (devToken && path === CLIENT_PATHS.devToken) return devToken(request);
    return config.webPage === 'Enabled' ? page(path).then(answer => read(method, answer)) : NOT_FOUND;
  };
}
