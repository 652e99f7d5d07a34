import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Access } from '../../tools/cluster/access.ts';
import { builtPrograms, type Program } from '../../tools/cluster/binaries.ts';
import type { Layout } from '../../tools/cluster/layout.ts';
import { loadProgram } from '../../tools/cluster/load-image.ts';
import { stdoutOf } from '../../tools/cluster/stdout.ts';
import { CACHE } from '../../tools/local/build-once.ts';
import { longStep } from '../../tools/local/run.ts';
import type { Teardown } from '../../tools/support/backends.ts';

const MODULE = fileURLToPath(new URL('go/keda', import.meta.url));
const NAME = 'github.com/kedacore/keda/v2';
const TAG = 'from-source';
const METRICS_API = 'apiservice/v1beta1.external.metrics.k8s.io';

/** Programs by the command of their pods, with the image those pods name. */
const PROGRAMS: readonly (Program & { readonly image: string })[] = [
  { name: 'keda', package: `${NAME}/cmd/operator`, image: 'ghcr.io/kedacore/keda' },
  { name: 'keda-adapter', package: `${NAME}/cmd/adapter`, image: 'ghcr.io/kedacore/keda-metrics-apiserver' },
];

/**
 * Installs KEDA, built from its Go module with the manifests it is released with, and waits until its metrics API answers.
 * It goes with the test, and with it every ScaledObject.
 * @throws when it does not come up
 */
export async function installKeda(t: Teardown, access: Access, layout: Layout): Promise<void> {
  const programs = await builtPrograms({ name: 'keda', module: MODULE, programs: PROGRAMS, minutes: 15 });
  for (const { name } of PROGRAMS) {
    await loadProgram(layout, {
      name: `localhost/${name}:${TAG}`,
      program: join(programs, name),
      entrypoint: [`/${name}`],
    });
  }
  const manifest = await releaseManifest(access);
  t.after(async () => {
    // While there is a KEDA to take its finalizer away.
    const objects = ['scaledobjects', '--all', '--all-namespaces', '--ignore-not-found', '--timeout=60s'];
    await access.kubectl(['delete', ...objects]);
    await access.kubectl(['delete', '--ignore-not-found', '--timeout=120s', '-f', '-'], manifest);
  });
  await access.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], manifest);
  await access.kubectl(['wait', '--for=condition=Available', '--timeout=180s', METRICS_API]);
}

/** KEDA's release manifests as `kubectl apply` takes them, with images built here. */
async function releaseManifest(access: Access): Promise<string> {
  await longStep('fetching the manifests of KEDA', 'go', ['-C', MODULE, 'mod', 'download', NAME]);
  const module = await stdoutOf('go', ['-C', MODULE, 'list', '-m', '-f', '{{.Dir}}', NAME]);
  if (!module) throw new Error(`go cannot tell where ${NAME} is`);
  const overlay = mkdtempSync(join(CACHE, 'keda-overlay-'));
  try {
    const pullPolicy = { op: 'replace', path: '/spec/template/spec/containers/0/imagePullPolicy', value: 'Never' };
    const kustomization = {
      resources: [relative(overlay, join(module, 'config/minimal'))],
      images: PROGRAMS.map(({ name, image }) => ({ name: image, newName: `localhost/${name}`, newTag: TAG })),
      patches: [{ target: { kind: 'Deployment' }, patch: JSON.stringify([pullPolicy]) }],
    };
    writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization));
    return await access.kubectl(['kustomize', overlay]);
  } finally {
    rmSync(overlay, { recursive: true, force: true });
  }
}
