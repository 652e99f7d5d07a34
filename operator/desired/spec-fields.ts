import { KIND_NUMBERS, KIND_WORDS } from '../../server/contract/room-kind-fields.ts';
import { STATUS_FIELDS } from '../api/status-fields.ts';
import { SPEC_DEFAULTS } from './spec-defaults.ts';

const POD_FIELDS = [
  'resources.requests',
  'resources.limits',
  'podTemplate.labels',
  'podTemplate.annotations',
  'podTemplate.nodeSelector',
  'podTemplate.tolerations',
  'podTemplate.affinity',
  'podTemplate.priorityClassName',
];

const KIND_FIELDS = [
  ...Object.keys(KIND_WORDS),
  'maxMembers',
  ...Object.entries(KIND_NUMBERS).flatMap(([field, bounds]) => Object.keys(bounds).map(name => `${field}.${name}`)),
];

/** Fields of the spec that the operator reads and that have no default, as paths below `spec`; `[]` stands for each item of a list. */
export const OTHER_FIELDS: readonly string[] = [
  'identity',
  'serviceAccountName',
  'image.reference',
  'image.pullSecrets',
  'gateway.autoscaling.targetConnections',
  'gateway.autoscaling.leadSeconds',
  ...POD_FIELDS.flatMap(field => [`gateway.${field}`, `worker.${field}`]),
  'nats.urls',
  'nats.credentialsSecretRef',
  'nats.credentialsSecretRef.name',
  'mongodb.uriSecretRef.name',
  'auth.secretRef.name',
  'auth.issuer',
  'auth.audience',
  'messages.streamReplicas',
  ...KIND_FIELDS.map(field => `rooms.kinds[].${field}`),
  'service.annotations',
  'service.ipFamilyPolicy',
  'service.ipFamilies',
];

/** The part of an OpenAPI v3 schema with the names of fields. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

function at(schema: Schema | undefined, path: string): Schema | undefined {
  return path.split('.').reduce<Schema | undefined>((node, name) => {
    const property = node?.properties?.[name.replace('[]', '')];
    return name.endsWith('[]') ? property?.items : property;
  }, schema);
}

const FIELDS: readonly string[] = [
  ...[...OTHER_FIELDS, ...Object.keys(SPEC_DEFAULTS)].map(path => `spec.${path}`),
  ...STATUS_FIELDS.map(path => `status.${path}`),
];

/**
 * Fields that this operator reads or writes and `schema`, that of a whole ChatCluster, does not have: the API server drops
 * them.
 */
export function unknownFields(schema: Schema): string[] {
  return FIELDS.filter(path => at(schema, path) === undefined).sort();
}
