import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../operator/api/kube-object.ts';
import { apiError } from '../../operator/kube/api-error.ts';
import { KubeClient } from '../../operator/kube/client.ts';
import { accessOf } from '../../operator/kube/http.ts';
import { jsonLines } from '../../operator/kube/json-lines.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { Store } from '../../operator/kube/store.ts';
import { systemClock } from '../../server/time/clock.ts';
import { until } from '../../tools/support/until.ts';
import { startApiServer } from '../support/kube/api-server.ts';
import { chatCluster, installChart, runOperator } from '../support/kube/chat-operator.ts';

for (const { how, flags, asked } of [
  { how: 'a watch that begins with them', flags: [], asked: ['watch 200'] },
  {
    how: 'a list where the server knows no such watch',
    flags: ['--feature-gates=WatchList=false'],
    asked: ['watch 422', 'list 200', 'watch 200'],
  },
])
  test(`all objects are known, also after a restart of the API server: ${how}`, async t => {
    const api = await startApiServer(t, flags);
    const map = (at: number): KubeObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `map-${at}`, namespace: 'default', labels: { paged: 'yes' } },
    });
    for (let at = 0; at < 1_100; at += 50)
      await Promise.all(Array.from({ length: 50 }, (_, i) => api.client.create(RESOURCES.configMaps, map(at + i))));

    const seen: string[] = [];
    const failures: unknown[] = [];
    const causes: string[] = [];
    const client = new KubeClient(accessOf(api.kubeconfig('admin')), {
      fieldManager: 'test',
      now: () => performance.now(),
      onRequest: (verb, _, code) => seen.push(`${verb} ${code}`),
    });
    const store = new Store<string>({
      project: raw => raw.metadata.name,
      group: () => 'all',
      onChange: () => undefined,
    });
    const reflector = new Reflector({
      client,
      resource: RESOURCES.configMaps,
      namespace: 'default',
      labelSelector: 'paged=yes',
      store,
      clock: systemClock,
      random: Math.random,
      onFailure: (_, error) => failures.push(error),
      onListed: (_, cause) => causes.push(cause),
    });
    const stopping = new AbortController();
    const running = reflector.run(stopping.signal);
    t.after(async () => {
      stopping.abort();
      await running;
    });
    await reflector.synced;
    // A list from the cache may be a moment old.
    await until('all are known', () => store.size === 1_100, { state: () => [store.size, failures] });
    await api.client.create(RESOURCES.configMaps, map(2_000));
    await until('the watch tells of a new one', () => store.size === 1_101);
    assert.deepEqual([...new Set(seen)], asked);
    assert.deepEqual(failures, []);

    await api.stop();
    await until('the watch has failed', () => failures.length > 0);
    await api.start();
    await api.client.delete(await api.client.get(RESOURCES.configMaps, 'default', 'map-0'));
    await api.client.create(RESOURCES.configMaps, map(3_000));
    await api.client.create(RESOURCES.configMaps, map(3_001));
    await until('what happened meanwhile is known', () => {
      const names = new Set(store.group('all'));
      return names.has('map-3001') && names.has('map-3000') && !names.has('map-0') && store.size === 1_102;
    });
    t.diagnostic(`lists: ${causes.join()}`);
  });

test('a version the server does not have yet is an error of its own, and the newest list is asked for', async t => {
  const api = await startApiServer(t);
  const client = new KubeClient(accessOf(api.kubeconfig('admin')), {
    fieldManager: 'test',
    now: () => performance.now(),
  });
  const query = { resourceVersion: '999999999', resourceVersionMatch: 'NotOlderThan' };
  const refused = { code: 504, tooLargeVersion: true };
  await assert.rejects(client.list(RESOURCES.configMaps, 'default', query), refused);
  const stream = { ...query, sendInitialEvents: 'true', allowWatchBookmarks: 'true' };
  const body = await client.open('watch', RESOURCES.configMaps, 'default', stream, AbortSignal.timeout(20_000));
  const lines = jsonLines<{ type: string; object: { code: number } }>(body, () => {});
  const { value } = await lines.next();
  assert.equal(value?.type, 'ERROR');
  const { code, tooLargeVersion } = apiError(value.object.code, JSON.stringify(value.object));
  assert.deepEqual({ code, tooLargeVersion }, refused);
});

test('the operator repairs what was broken while the API server was away', async t => {
  const api = await startApiServer(t);
  await installChart(api);
  await runOperator(t, api);
  await api.client.create(RESOURCES.chatClusters, chatCluster('chat'));
  const there = () =>
    api.client.get<KubeObject>(RESOURCES.deployments, 'default', 'chat-worker').then(
      found => found,
      () => undefined,
    );
  const child = await until('the workers are made', there);
  await api.stop();
  await api.start();
  await api.client.delete(child);
  await until('they are made again', async () => {
    const now = await there();
    return now !== undefined && now.metadata.uid !== child.metadata.uid;
  });
});
