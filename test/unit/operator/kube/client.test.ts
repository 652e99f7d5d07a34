import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import { RESOURCES } from '../../../../operator/kube/resources.ts';
import { NotLeader } from '../../../../operator/leader/leader.ts';
import { scriptedApi } from '../../../support/kube/scripted-api.ts';

const MAP: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'options', namespace: 'default', uid: 'u' },
};

/** A client that may write as long as `leads` says so, and an API server that answers with an object. */
async function guarded(t: TestContext, leads: () => boolean, status = 200) {
  return await scriptedApi(t, (_, response) => response.writeHead(status).end(JSON.stringify(MAP)), {
    beforeWrite: () => {
      if (!leads()) throw new NotLeader();
      return 1_000;
    },
  });
}

test('a client that does not lead writes nothing with any verb, and may read', async t => {
  const { client, calls } = await guarded(t, () => false);
  const { configMaps } = RESOURCES;
  for (const write of [
    () => client.apply(MAP),
    () => client.apply(MAP, 'status'),
    () => client.patch(configMaps, 'default', 'options', {}),
    () => client.patch(configMaps, 'default', 'options', []),
    () => client.create(configMaps, MAP),
    () => client.update(configMaps, MAP),
    () => client.delete(MAP),
  ])
    await assert.rejects(write, NotLeader);
  assert.deepEqual(calls, []);
  await client.get(configMaps, 'default', 'options');
  await client.list(configMaps, 'default', {});
  assert.deepEqual(
    calls.map(({ method }) => method),
    ['GET', 'GET'],
  );
});

test('a write that has to be repeated with new credentials asks again', async t => {
  let leads = true;
  const { client, calls } = await scriptedApi(
    t,
    (_, response) => {
      leads = false;
      response.writeHead(401).end();
    },
    {
      beforeWrite: () => {
        if (!leads) throw new NotLeader();
        return 1_000;
      },
    },
  );
  await assert.rejects(client.apply(MAP), NotLeader);
  assert.equal(calls.length, 1);
});

test('a write without an answer is given up when another may be leader', async t => {
  const { client } = await scriptedApi(t, () => {}, { beforeWrite: () => 20.5 });
  await assert.rejects(client.apply(MAP), { name: 'TimeoutError' });
});

test('a request without an answer is given up after its time', async t => {
  const { client } = await scriptedApi(t, () => {}, { timeoutMs: 20 });
  await assert.rejects(client.get(RESOURCES.leases, 'default', 'operator'), { name: 'TimeoutError' });
});

test('an object of another uid is a conflict, other nonsense is refused for good', async t => {
  const invalid = (field: string) => ({ reason: 'Invalid', message: 'no', details: { causes: [{ field }] } });
  let field = 'metadata.uid';
  const { client } = await scriptedApi(t, (_, response) => response.writeHead(422).end(JSON.stringify(invalid(field))));
  await assert.rejects(client.apply(MAP), { code: 409, reason: 'Conflict', terminal: false });
  field = 'spec.replicas';
  await assert.rejects(client.apply(MAP), { code: 422, reason: 'Invalid', terminal: true });
});
