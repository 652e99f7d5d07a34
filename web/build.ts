/**
 * Builds the page: `node web/build.ts [outdir]`, default `web/dist`. Writes `index.html`, and `assets/` with names that
 * carry a hash of the content, so that browsers may cache them for ever.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';

const source = join(import.meta.dirname, 'src');
const out = resolve(process.argv[2] ?? join(import.meta.dirname, 'dist'));

await rm(out, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [
    { in: join(source, 'main.ts'), out: 'chat' },
    { in: join(source, 'styles/main.css'), out: 'chat' },
    { in: join(source, 'icon.svg'), out: 'icon' },
  ],
  absWorkingDir: resolve(import.meta.dirname, '..'),
  outdir: join(out, 'assets'),
  entryNames: '[name]-[hash]',
  bundle: true,
  format: 'esm',
  target: ['chrome120', 'firefox121', 'safari17'],
  minify: true,
  sourcemap: true,
  loader: { '.svg': 'copy' },
  metafile: true,
  logLevel: 'warning',
});

const asset = (end: RegExp) => {
  const path = Object.keys(metafile.outputs).find(name => end.test(name));
  if (!path) throw new Error(`esbuild wrote no file like ${end.source}`);
  return `assets/${path.slice(path.lastIndexOf('/') + 1)}`;
};
const page = (await readFile(join(source, 'index.html'), 'utf8'))
  .replace('{{icon}}', asset(/\.svg$/))
  .replace('{{style}}', asset(/\.css$/))
  .replace('{{script}}', asset(/\.js$/));
await mkdir(out, { recursive: true });
await writeFile(join(out, 'index.html'), page);
await writeFile(join(out, 'assets/licenses.txt'), await licenses(metafile));

/** Licence texts of the bundled packages: the licences require that the text is distributed with the code. */
async function licenses(meta: Metafile): Promise<string> {
  const packages = new Set<string>();
  for (const input of Object.keys(meta.inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found?.[1]) packages.add(found[1]);
  }
  const texts = [...packages].sort().map(async path => {
    const root = join(import.meta.dirname, '..', path);
    const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    return `${name} ${version}\n\n${(await readFile(join(root, 'LICENSE'), 'utf8')).trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}
