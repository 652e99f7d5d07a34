import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ChatCluster } from '../../operator/api/chat-cluster.ts';
import { withDefaults } from '../../operator/desired/spec-defaults.ts';

/** The part of OpenAPI v3 that the CRD uses. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
}

const FILE = join(import.meta.dirname, '../../crds/chatclusters.yaml');

let parsed: Schema | undefined;

/** Schema of a whole ChatCluster. */
export function crdSchema(): Schema {
  parsed ??= read();
  return parsed;
}

function read(): Schema {
  const crd = parse(readFileSync(FILE, 'utf8')) as {
    spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
  };
  const [version] = crd.spec.versions;
  if (!version) throw new Error('the CRD has no version');
  return version.schema.openAPIV3Schema;
}

/** `object` as the caches of the operator hold it. */
export function cached(object: Omit<ChatCluster, 'spec'> & { readonly spec: object }): ChatCluster {
  return { ...object, spec: withDefaults(object.spec) };
}

/** The smallest ChatCluster with `spec` laid over it, as the caches of the operator hold it. */
export function stored(spec: object = {}, metadata: object = {}): ChatCluster {
  const object = {
    apiVersion: 'chatcluster.dev/v1alpha1',
    kind: 'ChatCluster',
    metadata: {
      name: 'chat',
      namespace: 'team-a',
      uid: '5a4a9bfa-3c0e-4b8f-9d3a-1f2e3d4c5b6a',
      generation: 1,
      ...metadata,
    },
    spec: {
      nats: { urls: ['nats://nats:4222'] },
      mongodb: { uriSecretRef: { name: 'mongodb' } },
      auth: { secretRef: { name: 'auth' } },
      ...spec,
    },
  };
  return cached(object);
}
