/**
 * After `tsc`, puts what the operator uses of the Kubernetes client into one file: `node operator/bundle.ts [outdir]`, default
 * `dist`. The package loads a class for each kind and version of Kubernetes, none of which the operator uses: they would take
 * more than 50 MiB of each operator's memory.
 */
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(root, 'dist'));

/** Its modules do nothing when they are loaded but define what they export, which the package does not say of itself. */
const usedModulesOnly: Plugin = {
  name: 'used modules only',
  setup({ onResolve, resolve: find }) {
    onResolve({ filter: /^\./ }, async ({ path, pluginData, ...from }) => {
      if (pluginData !== undefined || !/client-node[\\/]dist[\\/]/.test(from.importer)) return undefined;
      return { ...(await find(path, { ...from, pluginData: 'found' })), sideEffects: false };
    });
  },
};

await build({
  entryPoints: [join(root, 'operator/kube/library.ts')],
  absWorkingDir: root,
  outfile: join(out, 'operator/kube/library.js'),
  allowOverwrite: true,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  plugins: [usedModulesOnly],
  // Packages in it that are no modules ask for those of Node by `require`.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  logLevel: 'error',
});
