/**
 * Bundles the used parts of the Kubernetes client into one file, after `tsc`: `node operator/bundle.ts [outdir]`, default `dist`.
 * The package loads a class for each kind and version of Kubernetes; the operator uses none of them, and they would take more
 * than 50 MiB of its memory.
 */
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(root, 'dist'));

/** Marks the modules of the package as free of side effects, which the package itself does not declare. */
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
  // CommonJS packages in the bundle load Node's modules by `require`.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  logLevel: 'error',
});
