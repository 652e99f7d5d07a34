import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CHAT } from '../../tools/cluster/chat-service.ts';
import { RELEASE } from '../../tools/cluster/release.ts';
import { DEPTH } from '../support/depth.ts';
import { eventually, IN_NAMESPACE, kubeChat } from '../support/kube/kube-chat.ts';

const kube = await kubeChat({ after });
const { access } = kube;
/** Longer than whatever the operator does on a clock, at depth full; what a write answers to comes at once. */
const IDLE_MS = DEPTH === 'full' ? 120_000 : 20_000;

interface Labelled {
  readonly metadata: { readonly uid: string; readonly labels: Readonly<Record<string, string>> };
}

test('a deleted child comes back', async () => {
  const before = await access.get<Labelled>(['service', CHAT, IN_NAMESPACE]);
  await access.kubectl(['delete', 'service', CHAT, IN_NAMESPACE]);
  const now = await eventually('the Service is back', async () => {
    const found = await access.get<Labelled>(['service', CHAT, IN_NAMESPACE]).catch(() => null);
    return found && found.metadata.uid !== before.metadata.uid ? found : null;
  });
  assert.deepEqual(now.metadata.labels, before.metadata.labels);
});

test('an edited and an added field of a child come back', async () => {
  const read = () =>
    access.get<{ spec: { replicas: number; template: { spec: { nodeSelector?: Readonly<Record<string, string>> } } } }>(
      [...['deployment', `${CHAT}-worker`, IN_NAMESPACE]],
    );
  const before = await read();
  const edit = { spec: { replicas: 0, template: { spec: { nodeSelector: { nobody: 'has-this' } } } } };
  await access.kubectl(['patch', 'deployment', `${CHAT}-worker`, IN_NAMESPACE, '--patch', JSON.stringify(edit)]);
  await eventually('both are as before', async () => {
    const { spec } = await read();
    return spec.replicas === before.spec.replicas && spec.template.spec.nodeSelector === undefined;
  });
  await access.kubectl(['rollout', 'status', IN_NAMESPACE, `deployment/${CHAT}-worker`, '--timeout=2m']);
});

interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly requestReceivedTimestamp: string;
  readonly user: { readonly username: string };
}

test('an idle time shows no write of the operator but to its Lease', async t => {
  if (access.local === null) return t.skip('the audit log of another cluster is out of reach');
  const log = access.local.auditLog;
  const operator = `system:serviceaccount:${RELEASE.namespace}:${RELEASE.name}`;
  const writes = (since: string) =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter(line => line.includes(operator))
      .map(line => JSON.parse(line) as AuditEvent)
      .filter(event => event.user.username === operator && event.requestReceivedTimestamp >= since)
      .filter(event => ['create', 'update', 'patch', 'delete', 'deletecollection'].includes(event.verb))
      // Whoever leads says so every few seconds.
      .filter(event => !event.requestURI.includes('/leases/'))
      .map(event => `${event.verb} ${event.requestURI}`);
  assert.ok(
    writes('').some(write => write.startsWith('patch ')),
    'the log shows the writes of the tests above',
  );
  await eventually('the operator has settled', async () => {
    const ten = new Date(Date.now() - 10_000).toISOString();
    return writes(ten).length === 0;
  });
  const start = new Date().toISOString();
  await delay(IDLE_MS);
  assert.deepEqual(writes(start), []);
});
