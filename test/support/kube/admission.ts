import type { KubeObject } from '../../../operator/api/kube-object.ts';
import { ApiError } from '../../../operator/kube/api-error.ts';
import { RESOURCES, type Resource } from '../../../operator/kube/resources.ts';
import { until } from '../../../tools/support/until.ts';
import type { ApiServer } from './api-server.ts';

const API = 'admissionregistration.k8s.io/v1';
const resource = (kind: string, plural: string): Resource => ({ kind, apiVersion: API, plural });
const POLICY = resource('ValidatingAdmissionPolicy', 'validatingadmissionpolicies');
const BINDING = resource('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings');
const WEBHOOK = resource('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations');
const MUTATION = resource('MutatingAdmissionPolicy', 'mutatingadmissionpolicies');
const MUTATION_BINDING = resource('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings');

const configMap = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
});

/** Outcome of a create: the object as it was made, or the reason for its refusal. */
type Outcome = { readonly made: KubeObject } | { readonly error: unknown };

/** Waits until the making of the ConfigMap `name` ends as `isRight` says. It may take the API server a moment to hear of rules. */
async function heard(api: ApiServer, name: string, isRight: (outcome: Outcome) => boolean): Promise<void> {
  await until(`the API server has heard of ${name}`, async () => {
    const outcome: Outcome = await api.client.create(RESOURCES.configMaps, configMap(name)).then(
      made => ({ made }),
      (error: unknown) => ({ error }),
    );
    if ('made' in outcome) await api.client.delete({ ...outcome.made, kind: 'ConfigMap' });
    return isRight(outcome);
  });
}

const rule = (apiGroups: readonly string[], resources: readonly string[]) => ({
  apiGroups,
  apiVersions: ['*'],
  operations: ['CREATE', 'UPDATE'],
  resources,
});

/**
 * Makes the API server refuse what `denies`, a CEL expression over `object` and `oldObject`, holds for. Resolves when it does.
 * @param resources such as `deployments`; made and updated
 * @returns lets it through again
 */
export async function deny(
  api: ApiServer,
  name: string,
  resources: { readonly groups: readonly string[]; readonly names: readonly string[] },
  denies: string,
): Promise<() => Promise<void>> {
  const probe = `probe-${name}`;
  await api.client.create(POLICY, {
    apiVersion: API,
    kind: POLICY.kind,
    metadata: { name },
    ...{
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules: [rule(resources.groups, resources.names), rule([''], ['configmaps'])] },
        validations: [
          { expression: `!(object.metadata.name == '${probe}' || (${denies}))`, message: `${name} does not want it` },
        ],
      },
    },
  });
  await api.client.create(BINDING, {
    apiVersion: API,
    kind: BINDING.kind,
    metadata: { name },
    ...{ spec: { policyName: name, validationActions: ['Deny'] } },
  });
  const isDenied = (outcome: Outcome) =>
    'error' in outcome && outcome.error instanceof ApiError && outcome.error.message.includes('does not want it');
  await heard(api, probe, isDenied);
  return async () => {
    await api.client.patch(POLICY, '', name, { spec: { validations: [{ expression: 'true' }] } });
    await heard(api, probe, outcome => 'made' in outcome);
  };
}

/**
 * A webhook that nobody answers stands before every write of `resource` with the label `chatcluster.dev/cluster: cluster`.
 * @returns takes it away
 */
export async function deadWebhook(
  api: ApiServer,
  cluster: string,
  resources: { readonly groups: readonly string[]; readonly names: readonly string[] },
): Promise<() => Promise<void>> {
  await api.client.create(WEBHOOK, {
    apiVersion: API,
    kind: WEBHOOK.kind,
    metadata: { name: `dead-${cluster}` },
    ...{
      webhooks: [
        {
          name: 'dead.example.com',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          timeoutSeconds: 1,
          // Nobody listens on the port 1.
          clientConfig: { url: 'https://127.0.0.1:1/' },
          objectSelector: { matchLabels: { 'chatcluster.dev/cluster': cluster } },
          rules: [rule(resources.groups, resources.names)],
        },
      ],
    },
  });
  return async () => void (await api.client.patch(WEBHOOK, '', `dead-${cluster}`, { webhooks: null }));
}

/**
 * Makes the API server change each Deployment whose name begins with `prefix`, as a policy that pins images does. Resolves when it
 * does.
 * @param image what the first container gets
 */
export async function pinImages(api: ApiServer, prefix: string, image: string): Promise<void> {
  const name = `pins-${prefix}`;
  const probe = `probe-${name}`;
  const op = (path: string, value: string) => `[JSONPatch{op: 'add', path: '${path}', value: '${value}'}]`;
  await api.client.create(MUTATION, {
    apiVersion: API,
    kind: MUTATION.kind,
    metadata: { name },
    ...{
      spec: {
        failurePolicy: 'Fail',
        reinvocationPolicy: 'Never',
        matchConstraints: { resourceRules: [rule(['apps'], ['deployments']), rule([''], ['configmaps'])] },
        matchConditions: [
          {
            name: 'named',
            expression: `object.metadata.name.startsWith('${prefix}') || object.metadata.name == '${probe}'`,
          },
        ],
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: {
              expression: `object.kind == 'Deployment' ? ${op('/spec/template/spec/containers/0/image', image)} : [JSONPatch{op: 'add', path: '/immutable', value: true}]`,
            },
          },
        ],
      },
    },
  });
  await api.client.create(MUTATION_BINDING, {
    apiVersion: API,
    kind: MUTATION_BINDING.kind,
    metadata: { name },
    ...{ spec: { policyName: name } },
  });
  await heard(api, probe, outcome => 'made' in outcome && 'immutable' in outcome.made);
}
