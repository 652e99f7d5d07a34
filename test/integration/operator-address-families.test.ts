import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ChatCluster } from '../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { ApiError } from '../../operator/kube/api-error.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { until } from '../../tools/support/until.ts';
import { type ApiServer, startApiServer } from '../support/kube/api-server.ts';
import { chatCluster, installChart, runOperator } from '../support/kube/chat-operator.ts';

let api: ApiServer;
const ends: (() => unknown)[] = [];
const suite = { after: (end: () => unknown) => void ends.unshift(end) } as Parameters<typeof runOperator>[0];
before(async () => {
  api = await startApiServer(suite, ['--service-cluster-ip-range', '10.97.0.0/16,fd00:10:97::/112']);
  await installChart(api);
  await runOperator(suite, api);
});
after(async () => {
  for (const end of ends) await end();
});

interface Service extends KubeObject {
  readonly spec: { readonly ipFamilies: readonly string[]; readonly ipFamilyPolicy: string };
}

const NAMES = ['chat', 'chat-gateways'];
const services = async () =>
  await Promise.all(NAMES.map(name => api.client.get<Service>(RESOURCES.services, 'default', name)));
const change = async (service: object) =>
  await api.client.patch(RESOURCES.chatClusters, 'default', 'chat', { spec: { service } });

/** Waits until both Services have these families, whatever is read until they are there. */
async function have(policy: string, ...families: readonly string[]): Promise<void> {
  await until(`both Services are ${policy} with ${families}`, async () => {
    try {
      return (await services()).every(
        ({ spec }) => spec.ipFamilyPolicy === policy && spec.ipFamilies.join() === families.join(),
      );
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return false;
      throw error;
    }
  });
}

async function readyReason(): Promise<string | undefined> {
  const { status } = await api.client.get<ChatCluster>(RESOURCES.chatClusters, 'default', 'chat');
  return status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
}

test('both Services follow the policy and families of the spec; what is left out is the choice of the API server', async () => {
  await api.client.create(RESOURCES.chatClusters, chatCluster('chat'));
  await have('SingleStack', 'IPv4');
  await change({ ipFamilyPolicy: 'PreferDualStack' });
  await have('PreferDualStack', 'IPv4', 'IPv6');
  await change({ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] });
  await have('SingleStack', 'IPv4');
});

test('another first family is said, not tried for ever; Services that are made anew have it', async () => {
  await change({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] });
  await have('RequireDualStack', 'IPv4', 'IPv6');
  await until('Ready says so', async () => (await readyReason()) === 'AddressFamilyKept');
  for (const service of await services()) await api.client.delete({ ...service, apiVersion: 'v1', kind: 'Service' });
  await have('RequireDualStack', 'IPv6', 'IPv4');
  await until('Ready is about something else', async () => (await readyReason()) !== 'AddressFamilyKept');
});

test('the API server refuses two families that no policy allows', async () => {
  for (const ipFamilyPolicy of [null, 'SingleStack'])
    await assert.rejects(
      change({ ipFamilyPolicy, ipFamilies: ['IPv4', 'IPv6'] }),
      /two ipFamilies must differ and need/,
    );
  await assert.rejects(
    change({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv4'] }),
    /two ipFamilies must differ and need/,
  );
});
