import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { HttpAnswer } from '../answer.ts';
import { PAGE_CACHE, PAGE_HEADERS } from './page-headers.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.map': 'application/json',
};

/**
 * Reads the files of the built page once: they are small, and no part of a request becomes a path on disk.
 * @returns answers by URL path; `/` is index.html
 * @throws when the folder cannot be read
 */
export async function pageFiles(folder: string): Promise<ReadonlyMap<string, HttpAnswer>> {
  const answers = new Map<string, HttpAnswer>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(folder.length).replaceAll('\\', '/').replace(/^\/?/, '/');
    const extension = extname(entry.name);
    const type = TYPES[extension] ?? 'application/octet-stream';
    const cache = extension === '.html' ? PAGE_CACHE.document : PAGE_CACHE.asset;
    const headers = { ...PAGE_HEADERS, 'content-type': type, 'cache-control': cache };
    const answer = { status: '200 OK', headers, body: await readFile(file) };
    answers.set(path, answer);
    if (path === '/index.html') answers.set('/', answer);
  }
  return answers;
}
