import { API_VERSION, type ChatCluster, KIND } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { APPLIED_HASH, labels, REVISION_LABEL } from './names.ts';
import { hashOf } from './options.ts';

/** A child as the operator applies it. */
export interface DesiredObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly namespace: string };
}

type Body = Omit<DesiredObject, 'metadata'> & { readonly component?: string; readonly name: string } & Record<
    string,
    unknown
  >;

/** A child of a ChatCluster: labelled, owned by it, and with the hash of what is applied. */
export function child(
  cluster: ChatCluster,
  body: Body,
  annotations: Readonly<Record<string, string>> = {},
): DesiredObject {
  const { apiVersion, kind, name, component, ...rest } = body;
  const object = {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace: cluster.metadata.namespace,
      labels: labels(cluster.metadata.name, component),
      annotations,
      ownerReferences: [
        {
          apiVersion: API_VERSION,
          kind: KIND,
          name: cluster.metadata.name,
          uid: cluster.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    ...rest,
  };
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [APPLIED_HASH]: hashOf(object) } },
  };
}

/** `object` with the label of its revision. */
export function labelled(object: DesiredObject, revision: string): DesiredObject {
  const { labels: all } = object.metadata;
  return { ...object, metadata: { ...object.metadata, labels: { ...all, [REVISION_LABEL]: revision } } };
}
