import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectId } from '../../../../operator/apply/plan.ts';
import type { DesiredObject } from '../../../../operator/desired/child.ts';
import type { WantedRevision } from '../../../../operator/desired/choices.ts';
import { desired } from '../../../../operator/desired/desired.ts';
import {
  CLIENTS_LABEL,
  type Component,
  instanceOf,
  specVersionOf,
  TEMPLATE_ANNOTATION,
} from '../../../../operator/desired/names.ts';
import { reloadableOptions, SECRET_ENV, startEnv } from '../../../../operator/desired/options.ts';
import { POD_SHAPES } from '../../../../operator/desired/pod-shapes.ts';
import { podTemplate } from '../../../../operator/desired/pod-template.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { INSTANCE_PATTERN } from '../../../../server/contract/instance.ts';
import { OPTIONS, type Option } from '../../../../server/contract/options.ts';
import { SETTINGS_DIR, SETTINGS_FILES } from '../../../../server/contract/settings-files.ts';
import { loadConfig, reloadConfig } from '../../../../server/settings/config.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import { assertGolden } from '../../../support/docs/golden.ts';
import { choicesFor, wantedRevision } from '../../../support/kube/choices.ts';

const FULL = {
  identity: 'kept',
  image: { reference: 'example.com/chat@sha256:00', pullPolicy: 'Always', pullSecrets: [{ name: 'registry' }] },
  gateway: {
    drain: { delaySeconds: 5, timeoutSeconds: 60 },
    resources: { requests: { cpu: 1 }, limits: { memory: '1Gi' } },
    podTemplate: {
      labels: { team: 'a', 'app.kubernetes.io/name': 'not-mine' },
      annotations: { note: 'b' },
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'chat', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'high',
    },
    logLevel: 'Debug',
    webPage: 'Enabled',
  },
  nats: { urls: ['nats://a:4222', 'nats://b:4222'], credentialsSecretRef: { name: 'nats' } },
  auth: {
    secretRef: { name: 'auth', key: 'hs256' },
    issuer: 'https://id.example.com',
    audience: 'chat',
    developmentSignIn: 'Enabled',
    allowedOrigins: ['https://chat.example.com'],
  },
  rooms: {
    kinds: [
      { name: 'channel', access: 'Open', publish: 'Disabled', write: 'Staff' },
      { name: 'group', maxMembers: 50, limits: { editSeconds: 900 } },
      { name: 'committee', access: 'Members', join: 'Request' },
    ],
  },
  service: {
    type: 'LoadBalancer',
    port: 443,
    annotations: { cloud: 'yes' },
    ipFamilyPolicy: 'PreferDualStack',
    ipFamilies: ['IPv6', 'IPv4'],
  },
};

type Deployment = DesiredObject & { readonly spec: { readonly template: object; readonly replicas: number } };
const deployments = (objects: readonly DesiredObject[]) =>
  objects.filter((object): object is Deployment => object.kind === 'Deployment');

/** Without the stored template, which is the one of the spec in JSON. */
function readable(objects: readonly DesiredObject[]): object[] {
  return objects.map(object => {
    const { [TEMPLATE_ANNOTATION]: template, ...annotations } = object.metadata.annotations ?? {};
    if (template !== undefined) assert.deepEqual(JSON.parse(template), (object as Deployment).spec.template);
    return { ...object, metadata: { ...object.metadata, annotations } };
  });
}

test('the children of the smallest ChatCluster are those of the golden file', () => {
  const cluster = stored();
  assertGolden('operator/smallest.yaml', readable(desired(cluster, choicesFor(cluster))));
});

test('the children of a ChatCluster with everything are those of the golden file', () => {
  const cluster = stored(FULL);
  const revisions = [wantedRevision(cluster, { replicas: 7 })];
  assertGolden('operator/full.yaml', readable(desired(cluster, choicesFor(cluster, { revisions }))));
});

test('in a rollout each revision has a Deployment and a budget, and the Service selects the one that serves', () => {
  const before = stored();
  const cluster = stored({ image: { reference: 'example.com/chat:2' } });
  const old = wantedRevision(before, {
    replicas: 3,
    template: podTemplate(before, POD_SHAPES.gateway, 'example.com/chat:1'),
  });
  const fresh = wantedRevision(cluster, { replicas: 3, stopped: 'a publish takes more than 500 ms' });
  const objects = desired(cluster, choicesFor(cluster, { revisions: [old, fresh], serving: old.revision }));
  const still = new Set(['Deployment chat-worker', 'Service chat-gateways', 'ServiceAccount chat']);
  assertGolden(
    'operator/rollout.yaml',
    readable(objects.filter(object => object.kind !== 'ConfigMap' && !still.has(objectId(object)))),
  );
});

test('the Service asks for the label once all pods it selects come with it', () => {
  const cluster = stored({ image: { reference: 'example.com/chat:2' } });
  const made = podTemplate(stored(), POD_SHAPES.gateway, 'example.com/chat:1');
  const old = (template: object) => ({ ...wantedRevision(stored(), { template }), revision: 'aaaaaaaaaa' });
  const before = old({ metadata: { labels: { 'app.kubernetes.io/name': 'chatcluster' } } });
  const asks = (revisions: readonly WantedRevision[], serving: string) => {
    const objects = desired(cluster, choicesFor(cluster, { revisions, serving }));
    const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'chat');
    const { spec } = service as DesiredObject & { readonly spec: { readonly selector: Record<string, string> } };
    return spec.selector[CLIENTS_LABEL] === 'accept';
  };
  const fresh = wantedRevision(cluster);
  assert.equal(asks([before, fresh], before.revision), false, 'their pods come without');
  assert.equal(asks([before, fresh], fresh.revision), true);
  assert.equal(asks([before, fresh], '*'), false);
  assert.equal(asks([old(made), fresh], '*'), true);
});

test('no label of pods that changes while they run is in a selector of a Deployment', () => {
  const [gateways] = deployments(desired(stored(), choicesFor(stored()))).filter(
    ({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'gateway',
  );
  const { selector, template } = (gateways?.spec ?? {}) as {
    selector: { matchLabels: object };
    template: { metadata: { labels: object } };
  };
  assert.ok(CLIENTS_LABEL in template.metadata.labels && !(CLIENTS_LABEL in selector.matchLabels));
});

test('a template that was made stays, whatever this operator would write', () => {
  const cluster = stored();
  const template = { metadata: { labels: { made: 'by an older operator' } }, spec: { containers: [] } };
  const revisions = [wantedRevision(cluster, { template })];
  const objects = desired(
    cluster,
    choicesFor(cluster, {
      revisions,
      workers: { replicas: 1, revision: revisionOf(cluster, 'worker'), template, shared: new Set() },
    }),
  );
  for (const { spec, metadata } of deployments(objects)) {
    assert.deepEqual(spec.template, template);
    assert.equal(metadata.annotations?.[TEMPLATE_ANNOTATION], JSON.stringify(template));
  }
});

const SECRETS = {
  [SECRET_ENV.mongodbUri]: 'mongodb://db',
  [SECRET_ENV.authSecret]: 'x'.repeat(32),
  [SECRET_ENV.natsUser]: 'user',
  [SECRET_ENV.natsPassword]: 'password',
};

/** All values a process has once it runs: those it starts with, and a gateway's files over them. */
function valuesOf(spec: object, component: Component): Record<string, string> {
  const cluster = stored(spec);
  const { [SETTINGS_FILES.version]: _, ...live } = component === 'gateway' ? reloadableOptions(cluster) : {};
  return { [OPTIONS.instance.env]: instanceOf(cluster), ...startEnv(cluster, component), ...live };
}

test('every process accepts the options the operator writes for it', () => {
  for (const spec of [{}, FULL])
    for (const component of ['gateway', 'worker'] as const) {
      const config = loadConfig(component, { ...valuesOf(spec, component), ...SECRETS });
      assert.equal(config.instance, instanceOf(stored(spec)));
      assert.equal(config.natsUrl, stored(spec).spec.nats.urls.join(','));
    }
});

test('a gateway starts with what needs a new pod and reads the rest; a worker starts with everything', () => {
  const isReloadable = new Map(Object.values(OPTIONS).map((row: Option) => [row.env as string, row.reload === true]));
  const cluster = stored({ ...FULL, worker: { logLevel: 'Warn' } });
  const { [SETTINGS_FILES.version]: version, ...live } = reloadableOptions(cluster);
  const started = Object.keys(startEnv(cluster, 'gateway'));
  assert.deepEqual(started, ['CHAT_DEV_SIGN_IN', 'CHAT_DRAIN_DELAY_SECONDS', 'CHAT_DRAIN_SECONDS', 'CHAT_NATS_URL']);
  assert.ok(Object.keys(live).length > 4);
  assert.deepEqual(
    started.filter(env => isReloadable.get(env)),
    [],
  );
  assert.deepEqual(
    Object.keys(live).filter(env => !isReloadable.get(env)),
    [],
  );
  assert.match(version ?? '', /^[0-9a-f]{16}$/);
  assert.equal(startEnv(cluster, 'worker')[OPTIONS.logLevel.env], 'warn');
});

test('an option at its default is written nowhere, so that no image meets one it does not know without need', () => {
  const cluster = stored();
  assert.deepEqual(startEnv(cluster, 'worker'), { CHAT_NATS_URL: 'nats://nats:4222' });
  assert.deepEqual(startEnv(cluster, 'gateway'), { CHAT_NATS_URL: 'nats://nats:4222' });
  assert.deepEqual(Object.keys(reloadableOptions(cluster)), [SETTINGS_FILES.version]);
});

test('an option that is taken back is gone from the files of gateways that run, which take its default again', () => {
  const files = (spec: object) => new Map(Object.entries(reloadableOptions(stored(spec))));
  const start = { ...valuesOf({}, 'gateway'), ...SECRETS };
  const changed = files({ limits: { maxSubscriptions: 7 }, auth: { secretRef: { name: 'auth' }, issuer: 'x' } });
  const config = loadConfig('gateway', start, new Map([...changed, ...Object.entries(SECRETS)]));
  assert.deepEqual([config.maxSubscriptions, config.authIssuer], [7, 'x']);
  const { changed: taken } = reloadConfig(
    'gateway',
    config,
    start,
    new Map([...files({}), ...Object.entries(SECRETS)]),
  );
  assert.deepEqual(taken, { maxSubscriptions: 128, authIssuer: '' });
});

test('workers carry the version of the spec they were made for, which a later spec does not change', () => {
  const metadata = { creationTimestamp: '2026-01-01T00:00:00Z', generation: 3 };
  const version = specVersionOf(stored({}, metadata));
  assert.equal(version, '1767225600000.3');
  assert.match(version, OPTIONS.specVersion.pattern);
  const template = JSON.stringify(podTemplate(stored({}, metadata), POD_SHAPES.worker, 'example.com/chat:1'));
  assert.ok(template.includes(`{"name":"CHAT_SPEC_VERSION","value":"${version}"}`));
  const gatewayTemplate = JSON.stringify(podTemplate(stored({}, metadata), POD_SHAPES.gateway, 'example.com/chat:1'));
  assert.doesNotMatch(gatewayTemplate, /CHAT_SPEC_VERSION/);
});

test('a memory limit bounds the heap, and leaves the rest to what is outside of it', () => {
  const heap = (component: Component, limits: object) => {
    const template = podTemplate(stored({ [component]: { resources: { limits } } }), POD_SHAPES[component], '');
    return /"NODE_OPTIONS","value":"([^"]+)"/.exec(JSON.stringify(template))?.[1];
  };
  assert.equal(heap('gateway', { memory: '1Gi' }), '--max-old-space-size=512');
  assert.equal(heap('gateway', { memory: 536870912 }), '--max-old-space-size=256');
  assert.equal(heap('worker', { memory: '500M' }), '--max-old-space-size=333');
  for (const limits of [{}, { cpu: 1 }, { memory: '1' }]) assert.equal(heap('gateway', limits), undefined);
});

test('the version of the reloadable options changes with any of them, and with nothing else', () => {
  const versionOf = (spec: object) => reloadableOptions(stored(spec))[SETTINGS_FILES.version];
  assert.notEqual(versionOf({ limits: { maxConnections: 9_000 } }), versionOf({}));
  assert.notEqual(
    versionOf({ auth: { secretRef: { name: 'auth' }, issuer: 'https://id.example.com' } }),
    versionOf({}),
  );
  assert.equal(versionOf({ image: { reference: 'example.com/chat:2' }, messages: { partitions: 8 } }), versionOf({}));
});

test('no ConfigMap and no plain variable carries what belongs into a Secret', () => {
  const secret = new Set<string>(Object.values(SECRET_ENV));
  for (const component of ['gateway', 'worker'] as const)
    for (const name of Object.keys(valuesOf(FULL, component))) assert.equal(secret.has(name), false, name);
});

test('a process finds each Secret as a file, and a change of the Secret reaches it while it runs', () => {
  const cluster = stored(FULL);
  for (const component of ['gateway', 'worker'] as const) {
    const template = podTemplate(cluster, POD_SHAPES[component], '') as {
      spec: {
        volumes: { projected: { sources: { secret?: { items: { path: string }[] } }[] } }[];
        containers: { env: { name: string; valueFrom?: object }[]; volumeMounts: { mountPath: string }[] }[];
      };
    };
    const [container] = template.spec.containers;
    const variables = container?.env.filter(({ valueFrom }) => valueFrom).map(({ name }) => name) ?? [];
    const files = template.spec.volumes[0]?.projected.sources.flatMap(({ secret }) => secret?.items ?? []) ?? [];
    assert.ok(variables.length >= 3);
    for (const name of variables) {
      assert.ok(
        files.some(({ path }) => path === name),
        `${component}: ${name}`,
      );
      const option = Object.values(OPTIONS).find(({ env }) => env === name) as Option | undefined;
      assert.ok(option?.reload && option.for.includes(component), `${component} takes ${name} while it runs`);
    }
    assert.equal(container?.volumeMounts[0]?.mountPath, SETTINGS_DIR);
  }
});

test('the instance is stable, short, and another one for another namespace, name or identity', () => {
  const instance = instanceOf(stored());
  assert.equal(instance, instanceOf(stored({ limits: { maxConnections: 9000 } })));
  assert.match(instanceOf(stored({}, { name: 'a'.repeat(40) })), INSTANCE_PATTERN);
  const others = [
    instanceOf(stored({}, { uid: 'another' })),
    instanceOf(stored({}, { namespace: 'team-b' })),
    instanceOf(stored({}, { name: 'chat2' })),
    instanceOf(stored({ identity: 'kept' })),
  ];
  assert.equal(new Set([instance, ...others]).size, 5);
});

test('a ChatCluster that names the identity of a deleted one takes over its data', () => {
  const deleted = stored();
  const heir = stored({ identity: deleted.metadata.uid }, { uid: 'new' });
  assert.equal(instanceOf(heir), instanceOf(deleted));
});

test('a kind of rooms says whether bare publish is open only where its access does not: older gateways know no other form', () => {
  const kinds = ['Open', 'Claim'].flatMap(access =>
    [undefined, 'Enabled', 'Disabled'].map(publish => ({
      name: `${access.toLowerCase()}${publish?.toLowerCase() ?? ''}`,
      access,
      ...(publish === undefined ? {} : { publish }),
    })),
  );
  const text = reloadableOptions(stored({ rooms: { kinds } }))[OPTIONS.roomKinds.env];
  assert.equal(
    text,
    'open=Open,openenabled=Open,opendisabled=Open/PublishDisabled,' +
      'claim=Claim,claimenabled=Claim/PublishEnabled,claimdisabled=Claim',
  );
  assert.match(text ?? '', OPTIONS.roomKinds.pattern);
});
