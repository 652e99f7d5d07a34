import type { ChatCluster } from '../api/chat-cluster.ts';
import type { KubeObject, Pod } from '../api/kube-object.ts';
import { type FieldSet, foreignFields } from '../reconcile/foreign.ts';
import type { Observed } from '../reconcile/plan.ts';

/** What of an object is kept in memory. `managedFields` alone are often half of it. */

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

export function projectCluster(raw: KubeObject): ChatCluster {
  return slim(raw);
}

export function projectChild(raw: KubeObject): Observed {
  return { object: slim(raw), foreign: foreignFields(raw.kind, (raw.metadata as RawMeta).managedFields) };
}

interface RawPod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: Pod['status']['conditions'];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly restartCount?: number;
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
      readonly lastState?: { readonly terminated?: { readonly reason?: string; readonly exitCode?: number } };
    }[];
  };
}

export function projectPod(raw: KubeObject): Pod {
  const { metadata, status = {} } = raw as RawPod;
  const { name, namespace, uid, labels, resourceVersion, deletionTimestamp } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(labels === undefined ? {} : { labels }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    status: {
      ...(status.phase === undefined ? {} : { phase: status.phase }),
      ...(status.podIP === undefined ? {} : { podIP: status.podIP }),
      conditions: status.conditions ?? [],
      containers: (status.containerStatuses ?? []).map(({ name: container, restartCount, state, lastState }) => ({
        name: container,
        restarts: restartCount ?? 0,
        ...(state?.waiting ? { waiting: state.waiting } : {}),
        ...(lastState?.terminated ? { lastExit: lastState.terminated } : {}),
      })),
    },
  };
}
