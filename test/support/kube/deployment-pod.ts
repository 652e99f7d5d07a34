import type { KubeObject } from '../../../operator/api/kube-object.ts';

/** A ready pod of a Deployment. @param status fields that it has besides, or otherwise */
export function deploymentPod({ metadata }: KubeObject, status: object = {}): KubeObject {
  const { name, namespace, labels } = metadata;
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-5d`, uid: 'rs', controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-5d-0`,
      uid: `uid of ${name}-5d-0`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels ? { labels } : {}),
      ownerReferences: [owner],
    },
    ...{
      spec: { nodeName: 'node-1' },
      status: {
        phase: 'Running',
        podIP: '192.0.2.1',
        conditions: [{ type: 'Ready', status: 'True' }],
        ...status,
      },
    },
  };
}
