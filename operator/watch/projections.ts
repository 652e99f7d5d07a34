import type { ChatCluster } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { type FieldSet, foreignFields } from '../apply/foreign.ts';
import type { Observed } from '../apply/plan.ts';
import { withDefaults } from '../desired/spec-defaults.ts';

/** Projections of objects to what is kept in memory. `managedFields` alone are often half of an object. */

interface RawMeta {
  readonly managedFields?: readonly {
    readonly manager?: string;
    readonly subresource?: string;
    readonly fieldsV1?: FieldSet;
  }[];
}

function slim<T extends KubeObject>(raw: KubeObject): T {
  const { managedFields: _, ...metadata } = raw.metadata as KubeObject['metadata'] & RawMeta;
  return { ...raw, metadata } as KubeObject as T;
}

function scaleWriter({ managedFields }: RawMeta): string | undefined {
  const writer = managedFields?.find(
    ({ subresource, fieldsV1 }) =>
      subresource === 'scale' && fieldsV1?.['f:spec']?.['f:gateway']?.['f:replicas'] !== undefined,
  );
  return writer && (writer.manager ?? 'an unknown writer');
}

/** Projects a ChatCluster and fills in all defaults, including those that an older CRD in the cluster does not know. */
export function projectCluster(raw: KubeObject): ChatCluster {
  const cluster = slim<ChatCluster>(raw);
  const scaledBy = scaleWriter(raw.metadata as RawMeta);
  return { ...cluster, spec: withDefaults(cluster.spec), ...(scaledBy === undefined ? {} : { scaledBy }) };
}

/** Projects a child to its object, without `managedFields`, and the fields that others own in it. */
export function projectChild(raw: KubeObject): Observed {
  return { object: slim(raw), foreign: foreignFields(raw, (raw.metadata as RawMeta).managedFields) };
}
