import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadOperatorConfig } from '../../../operator/config.ts';

test('the defaults need nothing but an image', () => {
  assert.deepEqual(loadOperatorConfig({ OPERATOR_DEFAULT_IMAGE: 'example.com/chat:1', PATH: '/bin' }), {
    namespace: '',
    watchNodes: true,
    defaultImage: 'example.com/chat:1',
    adminPort: 8081,
    logLevel: 'info',
    pollSeconds: 5,
    concurrency: 8,
    rewritesPerSecond: 10,
    instance: 'chatcluster-operator',
    lease: {
      namespace: 'default',
      name: 'chatcluster-operator',
      timings: { durationMs: 10_000, renewMs: 7_000, retryMs: 2_000 },
    },
  });
});

test('nodes are watched with all namespaces, or where it is said so', () => {
  const watches = (env: Record<string, string>) =>
    loadOperatorConfig({ OPERATOR_DEFAULT_IMAGE: 'example.com/chat:1', ...env }).watchNodes;
  assert.equal(watches({ OPERATOR_NAMESPACE: 'team-a' }), false);
  assert.equal(watches({ OPERATOR_NAMESPACE: 'team-a', OPERATOR_WATCH_NODES: 'true' }), true);
  assert.equal(watches({ OPERATOR_WATCH_NODES: 'false' }), false);
});

test('a leader must be gone before another one comes, and have a second try', () => {
  const load = (lease: number, renew: number, retry: number) => () =>
    loadOperatorConfig({
      OPERATOR_DEFAULT_IMAGE: 'example.com/chat:1',
      OPERATOR_LEASE_SECONDS: String(lease),
      OPERATOR_LEASE_RENEW_SECONDS: String(renew),
      OPERATOR_LEASE_RETRY_SECONDS: String(retry),
    });
  assert.throws(load(7, 7, 2), /OPERATOR_LEASE_RENEW_SECONDS must be less than OPERATOR_LEASE_SECONDS/);
  assert.throws(load(10, 7, 4), /OPERATOR_LEASE_RETRY_SECONDS must be at most half/);
  assert.deepEqual(load(4, 3, 1)().lease.timings, { durationMs: 4_000, renewMs: 3_000, retryMs: 1_000 });
});

test('all problems are listed at once', () => {
  const env = {
    OPERATOR_ADMIN_PORT: '65536',
    OPERATOR_LOG_LEVEL: 'loud',
    OPERATOR_POLL_SECOND: '5',
    OPERATOR_POLL_SECONDS: '0',
  };
  assert.throws(
    () => loadOperatorConfig(env),
    ({ message }: Error) =>
      /OPERATOR_DEFAULT_IMAGE is required/.test(message) &&
      /OPERATOR_ADMIN_PORT must be a port/.test(message) &&
      /OPERATOR_LOG_LEVEL must be debug/.test(message) &&
      /OPERATOR_POLL_SECONDS must be an integer from 1 to 60, got "0"/.test(message) &&
      /OPERATOR_POLL_SECOND is not an option/.test(message),
  );
});
