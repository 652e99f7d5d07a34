import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { ChatCluster } from '../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { differences } from '../../operator/apply/differences.ts';
import { withDefaults } from '../../operator/desired/spec-defaults.ts';
import { ApiError } from '../../operator/kube/api-error.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { projectCluster } from '../../operator/watch/projections.ts';
import { kindsProblem } from '../../server/contract/room-kind-options.ts';
import { pick, seeded } from '../../tools/support/random.ts';
import { type ApiServer, startApiServer } from '../support/kube/api-server.ts';
import { chatCluster, installChart } from '../support/kube/chat-operator.ts';
import { randomKind } from '../support/kube/random-kind.ts';

let api: ApiServer;
const ends: (() => unknown)[] = [];
before(async () => {
  api = await startApiServer({ after: end => void ends.push(end as () => unknown) });
  await installChart(api);
});
after(async () => {
  for (const end of ends) await end();
});

const create = async (object: KubeObject) => (await api.client.create(RESOURCES.chatClusters, object)) as ChatCluster;
const patch = async (name: string, spec: object) =>
  await api.client.patch(RESOURCES.chatClusters, 'default', name, { spec });

/** @returns the API server's sentence */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof ApiError && error.code === 422) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

const REFUSED: readonly (readonly [field: string, spec: object])[] = [
  ['spec.nats: Required value', { nats: undefined }],
  ['spec.nats.urls: Invalid value: 0', { nats: { urls: [] } }],
  ['spec.nats.urls[0]', { nats: { urls: ['nats://user:password@nats:4222'] } }],
  ['spec.mongodb.uriSecretRef.name: Required value', { mongodb: { uriSecretRef: {} } }],
  ['spec.auth.secretRef: Required value', { auth: {} }],
  ['spec.gateway.replicas', { gateway: { replicas: 0 } }],
  ['spec.gateway.webPage: Unsupported value', { gateway: { webPage: true } }],
  ['spec.gateway.autoscaling.minReplicas', { gateway: { autoscaling: { minReplicas: 11, maxReplicas: 10 } } }],
  [
    'spec.gateway.autoscaling.targetConnections',
    { gateway: { autoscaling: { targetConnections: 200 } }, limits: { maxConnections: 100 } },
  ],
  ['spec.gateway.autoscaling.freeSlots', { gateway: { autoscaling: { freeSlots: 'many' } } }],
  ['spec.gateway.autoscaling.freeSlots', { gateway: { autoscaling: { freeSlots: -1 } } }],
  ['spec.gateway.rollout.maxSurge', { gateway: { rollout: { maxSurge: 0 } } }],
  ['spec.gateway.rollout.maxSurge', { gateway: { rollout: { maxSurge: '101%' } } }],
  ['spec.gateway.rollout.canary.percent', { gateway: { rollout: { canary: { percent: 51 } } } }],
  ['spec.worker.autoscaling.minReplicas', { worker: { autoscaling: { minReplicas: 5, maxReplicas: 4 } } }],
  ['spec.gateway.resources.limits.cpu', { gateway: { resources: { limits: { cpu: 'much' } } } }],
  ['spec.messages.streamReplicas', { messages: { streamReplicas: 2 } }],
  ['spec.messages.partitions', { messages: { partitions: 65 } }],
  ['spec.limits.maxMessageBytes', { limits: { maxMessageBytes: 65_537 } }],
  ['spec.limits.pongSeconds', { limits: { pongSeconds: 25 } }],
  // Against the default of what is left out.
  ['spec.limits.pongSeconds', { limits: { pingSeconds: 8 } }],
  ['spec.gateway.autoscaling.minReplicas', { gateway: { autoscaling: { maxReplicas: 1 } } }],
  ['spec.gateway.autoscaling.targetConnections', { gateway: { autoscaling: { targetConnections: 15_001 } } }],
  [
    'maxMessageBytes must not be above sendBufferBytes',
    { limits: { maxFrameBytes: 131_072, sendBufferBytes: 65_536, maxMessageBytes: 65_537 } },
  ],
  ['spec.limits.sendBufferBytes', { limits: { sendBufferBytes: 2_097_152, sendBufferTotalBytes: 1_048_576 } }],
  ['spec.rooms.kinds[0].publish', { rooms: { kinds: [{ name: 'a', access: 'Open', publish: 'Sometimes' }] } }],
  ['spec.rooms.kinds[0].name', { rooms: { kinds: [{ name: 'Channel', access: 'Open' }] } }],
  ['spec.rooms.kinds[0].name', { rooms: { kinds: [{ name: 'user', access: 'Open' }] } }],
  ['spec.rooms.kinds[0].name', { rooms: { kinds: [{ name: 'system', access: 'Open' }] } }],
  ['spec.rooms.kinds[0].access: Unsupported value', { rooms: { kinds: [{ name: 'a', access: 'Anyone' }] } }],
  ['spec.rooms.kinds[0].maxMembers', { rooms: { kinds: [{ name: 'a', access: 'Open', maxMembers: 5 }] } }],
  ['spec.rooms.kinds[0].maxMembers', { rooms: { kinds: [{ name: 'a', maxMembers: 1_000_001 }] } }],
  ['spec.rooms.kinds[0].history', { rooms: { kinds: [{ name: 'channel', history: 'Joined' }] } }],
  ['spec.rooms.kinds[0].join', { rooms: { kinds: [{ name: 'a', access: 'Claim', join: 'Request' }] } }],
  ['spec.rooms.kinds[0].write', { rooms: { kinds: [{ name: 'group', write: 'Everyone' }] } }],
  ['in the kind dm create must be Nobody', { rooms: { kinds: [{ name: 'dm', create: 'Anyone' }] } }],
  [
    'spec.rooms.kinds[0].limits.textCharacters',
    { rooms: { kinds: [{ name: 'group', limits: { textCharacters: 0 } }] } },
  ],
  ['spec.rooms.kinds[0].sizes.typing', { rooms: { kinds: [{ name: 'group', sizes: { typing: 1_001 } }] } }],
  [
    'spec.rooms.kinds[1]: Duplicate value',
    { rooms: { kinds: ['Open', 'Claim'].map(access => ({ name: 'a', access })) } },
  ],
  ['spec.auth.allowedOrigins[0]', { auth: { secretRef: { name: 'auth' }, allowedOrigins: ['chat.example.com'] } }],
  ['spec.image.reference', { image: { reference: 'two words' } }],
  ['spec.service.type: Unsupported value', { service: { type: 'ExternalName' } }],
];
for (const [field, spec] of REFUSED)
  test(`${JSON.stringify(spec)} is refused naming ${field}`, async () => {
    const said = await refusal(create(chatCluster('refused', spec)));
    assert.ok(said.includes(field), said);
  });

test('the schema refuses the kinds that gateways refuse, and no others', async () => {
  const random = seeded(12);
  const verdicts = { taken: 0, refused: 0 };
  for (let round = 0; round < 80; round++) {
    const kind = randomKind(pick(random, ['channel', 'group', 'dm', 'team']), random);
    const { name, ...given } = kind;
    const problem = kindsProblem({ roomKinds: '', roomRules: JSON.stringify({ [name]: given }) });
    const attempt = create(chatCluster(`kind-${round}`, { rooms: { kinds: [kind] } }));
    if (problem !== null) await refusal(attempt);
    else await attempt;
    verdicts[problem === null ? 'taken' : 'refused'] += 1;
  }
  assert.ok(Math.min(verdicts.taken, verdicts.refused) >= 20, JSON.stringify(verdicts));
});

test('a name that children cannot carry is refused', async () => {
  for (const name of ['a'.repeat(41), 'chat.example', '1chat'])
    assert.match(await refusal(create(chatCluster(name))), /metadata\.name must have at most 40 characters/);
  await create(chatCluster('a'.repeat(40)));
});

test('what decides where the data is cannot change', async () => {
  await create(chatCluster('kept', { identity: 'first', messages: { partitions: 8 } }));
  assert.match(
    await refusal(patch('kept', { identity: 'second' })),
    /spec\.identity.*identity cannot be set, changed/s,
  );
  assert.match(await refusal(patch('kept', { identity: null })), /identity cannot be set, changed/);
  assert.match(
    await refusal(patch('kept', { messages: { partitions: 4 } })),
    /spec\.messages\.partitions.*cannot change/s,
  );
  await patch('kept', { limits: { maxSubscriptions: 7 } });
});

test('partitions that are left out are 4, and cannot become others', async () => {
  await create(chatCluster('four'));
  assert.match(await refusal(patch('four', { messages: { partitions: 8 } })), /partitions cannot change/);
  await patch('four', { messages: { partitions: 4 } });
  await patch('four', { messages: null });
  assert.match(await refusal(patch('four', { messages: { partitions: 1 } })), /partitions cannot change/);
});

test('what is left out is not written into the object: later defaults reach it', async () => {
  const given = chatCluster('defaults');
  const { spec } = await create(given);
  assert.deepEqual(spec, { ...given.spec, gateway: { replicas: 2 } });
});

test('an object into which all defaults were written is taken as it is, and lets go of them by a patch with null', async () => {
  const given = chatCluster('persisted');
  const full = withDefaults(given.spec);
  const made = await create({ ...given, spec: full } as KubeObject);
  assert.deepEqual(differences(made.spec, full), []);
  await patch('persisted', { gateway: { autoscaling: { targetCpuPercent: null }, rollout: null }, limits: null });
  const { spec } = await api.client.get<ChatCluster>(RESOURCES.chatClusters, 'default', 'persisted');
  assert.equal('limits' in spec, false);
  assert.equal('rollout' in spec.gateway, false);
  assert.equal('targetCpuPercent' in spec.gateway.autoscaling, false);
  assert.equal(spec.gateway.autoscaling.maxReplicas, 10);
  assert.deepEqual(withDefaults(spec), full);
});

test('a field nobody knows is dropped, not kept to mislead', async () => {
  const { spec } = await create(chatCluster('unknown', { gateway: { replica: 9 } }));
  assert.equal('replica' in spec.gateway, false);
});

test('/scale reads and writes gateway.replicas', async () => {
  await create(chatCluster('scaled'));
  const selector = 'app.kubernetes.io/instance=scaled';
  await api.client.apply(
    {
      ...chatCluster('scaled'),
      spec: undefined,
      status: { selector, gateways: { replicas: 2 } },
    } as unknown as KubeObject,
    'status',
  );
  const path = { ...RESOURCES.chatClusters, plural: 'chatclusters' };
  type Scale = { spec: { replicas: number }; status: { replicas: number; selector: string } };
  const scale = await api.client.get<Scale>(path, 'default', 'scaled/scale');
  assert.deepEqual([scale.spec.replicas, scale.status.replicas, scale.status.selector], [2, 2, selector]);
  await api.client.patch(path, 'default', 'scaled/scale', { spec: { replicas: 5 } });
  const scaled = await api.client.get<ChatCluster>(path, 'default', 'scaled');
  assert.equal(scaled.spec.gateway.replicas, 5);
  assert.notEqual(projectCluster(scaled).scaledBy, undefined, 'the API server notes who wrote it through /scale');
});

test('/scale takes 0 from an autoscaler, and nobody else has to mean it', async () => {
  const path = { ...RESOURCES.chatClusters, plural: 'chatclusters' };
  const toZero = (name: string) => api.client.patch(path, 'default', `${name}/scale`, { spec: { replicas: 0 } });
  await create(chatCluster('by-keda', { gateway: { autoscaling: { mode: 'External' } } }));
  await toZero('by-keda');
  await create(chatCluster('by-hand'));
  assert.match(await refusal(toZero('by-hand')), /at least 1 while autoscaling.mode is Disabled.*hibernate/);
});

test('the ChatClusters of the README and of the examples are taken as they are', async () => {
  const root = join(import.meta.dirname, '../..');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const texts = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(match => match[1] ?? '');
  for (const file of globSync('docs/examples/*.yaml', { cwd: root }))
    texts.push(readFileSync(join(root, file), 'utf8'));
  const found = texts
    .flatMap(text => parseAllDocuments(text).map(document => document.toJS() as KubeObject))
    .filter(object => object?.kind === 'ChatCluster');
  assert.ok(found.length >= 2, 'one in the README, one among the examples');
  for (const [index, object] of found.entries()) {
    const metadata = { namespace: 'default', name: `documented-${index}` };
    const made = await create({ ...object, metadata } as KubeObject);
    // Nothing was pruned: every field that is shown exists.
    assert.deepEqual(differences(made, { spec: (object as unknown as ChatCluster).spec } as unknown as KubeObject), []);
  }
});
