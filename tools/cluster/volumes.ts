import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FIRST_NODE, INSIDE, type Layout } from './layout.ts';

const COUNT = 16;
const CLASS = 'local';

/**
 * Makes the directories of the cluster's volumes and returns their manifest. Local volumes, unlike those of the
 * controller-manager's own provisioner, follow a pod's `fsGroup`, so that non-root pods can write to them.
 */
export function makeVolumes(layout: Layout): string {
  const storageClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: CLASS, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  };
  const names = Array.from({ length: COUNT }, (_, at) => `local-${String(at + 1).padStart(2, '0')}`);
  for (const name of names) {
    const dir = join(layout.dir, 'volumes', name);
    mkdirSync(dir, { recursive: true });
    chmodSync(dir, 0o777);
  }
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [storageClass, ...names.map(volume)] });
}

function volume(name: string) {
  const hostname = { key: 'kubernetes.io/hostname', operator: 'In', values: [FIRST_NODE.name] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      storageClassName: CLASS,
      capacity: { storage: '10Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      local: { path: `${INSIDE.state}/volumes/${name}` },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
    },
  };
}
