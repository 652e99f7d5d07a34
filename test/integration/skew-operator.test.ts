import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { ChatCluster } from '../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { objectId, planWrites } from '../../operator/apply/plan.ts';
import { desired } from '../../operator/desired/desired.ts';
import { REVISION_LABEL } from '../../operator/desired/names.ts';
import { revisionOf } from '../../operator/desired/revision.ts';
import { optionsInUse } from '../../operator/desired/worker-options.ts';
import { choicesOf } from '../../operator/fleet/choices.ts';
import type { FleetPlan } from '../../operator/fleet/fleet.ts';
import { gatewayDeployments, workerDeployment } from '../../operator/fleet/observe.ts';
import { cached, type Schema, stored } from '../../tools/support/crd-schema.ts';
import { baseVersion } from '../skew/base-version.ts';
import { choicesFor, wantedRevision } from '../support/kube/choices.ts';

/** The part of the version before that makes the children of a ChatCluster. */
interface Base {
  readonly desired: (cluster: ChatCluster, choices: object) => KubeObject[];
  readonly choicesFor: (cluster: ChatCluster) => object;
  readonly crdSchema: () => Schema;
  /** `value` with the defaults of the schema, which the API server wrote into every object. */
  readonly withDefaults: (schema: Schema, value: unknown) => unknown;
}

const folder = await baseVersion();
const of = async (file: string) => (await import(join(folder, file))) as Partial<Base>;
const BASE = {
  ...(await of('operator/desired/desired.ts')),
  ...(await of('test/support/choices.ts')),
  ...(await of('test/support/crd-schema.ts')),
} as Base;

const EXAMPLE = parse(
  readFileSync(join(import.meta.dirname, '../../docs/examples/chatcluster.yaml'), 'utf8'),
) as ChatCluster;
const METADATA = { namespace: 'team-a', uid: '5a4a9bfa-3c0e-4b8f-9d3a-1f2e3d4c5b6a', generation: 3 };
const example = { ...EXAMPLE, metadata: { ...EXAMPLE.metadata, ...METADATA } };
const CLUSTERS: readonly (readonly [string, ChatCluster])[] = [
  ['the example', example],
  ['the smallest', stored()],
  [
    'one with options of its own',
    stored({
      worker: { batchMessages: 64, logLevel: 'Debug', resources: { requests: { cpu: 2 } } },
      gateway: { drain: { timeoutSeconds: 60 }, webPage: 'Enabled', podTemplate: { nodeSelector: { disk: 'ssd' } } },
      limits: { maxConnections: 9_000, maxFrameBytes: 131_072 },
      messages: { partitions: 8 },
      nats: { urls: ['nats://a:4222', 'nats://b:4222'], credentialsSecretRef: { name: 'nats' } },
      image: { reference: 'example.com/chat:7' },
    }),
  ],
];

for (const [what, cluster] of CLUSTERS)
  test(`an upgrade of the operator changes nothing that pods of ${what} ChatCluster start with`, () => {
    const before = BASE.withDefaults(BASE.crdSchema(), cluster) as ChatCluster;
    const children = structuredClone(BASE.desired(before, BASE.choicesFor(before)));
    const now = cached(before);
    const [gateways] = gatewayDeployments(now, children);
    assert.equal(gateways?.metadata.labels?.[REVISION_LABEL], revisionOf(now, 'gateway'), 'the gateways would roll');

    const { revision, replicas, targetedAt } = wantedRevision(now);
    const fleet: FleetPlan = {
      target: revision,
      serving: revision,
      revisions: [{ revision, replicas, targetedAt: targetedAt.getTime() }],
      intents: new Map(),
      rollout: { reason: 'Complete', message: '' },
      stop: '',
      draining: '',
      short: false,
      againMs: undefined,
    };
    const seen = { serving: revision, movedAt: choicesFor(now).servingSince.getTime(), wall: 0 };
    const given = { defaultImage: 'example.com/chat:of-the-new-operator', workerReplicas: now.spec.worker.replicas };
    const choices = choicesOf(now, children, fleet, seen, given);
    const inUse = optionsInUse(now, children, workerDeployment(now, children));
    const observed = children.map(object => ({ object, foreign: [] }));
    const touched = planWrites(observed, desired(now, choices), inUse).actions.map(
      ({ verb, object }) => `${verb} ${objectId(object)}`,
    );
    const starts = children.filter(
      ({ kind, metadata }) => kind === 'Deployment' || (kind === 'ConfigMap' && /-worker/.test(metadata.name)),
    );
    assert.equal(starts.length, 3);
    const names = starts.map(objectId);
    assert.deepEqual(
      touched.filter(action => names.some(name => action.endsWith(name)) || / (Deployment|Service) /.test(action)),
      [],
    );
  });
