import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadOperatorConfig } from '../../operator/config.ts';

test('the defaults need nothing but an image', () => {
  assert.deepEqual(loadOperatorConfig({ OPERATOR_DEFAULT_IMAGE: 'example.com/chat:1', PATH: '/bin' }), {
    namespace: '',
    watchNodes: true,
    defaultImage: 'example.com/chat:1',
    adminPort: 8081,
    logLevel: 'info',
    pollSeconds: 5,
    concurrency: 8,
    instance: 'chatcluster-operator',
  });
});

test('nodes are watched with all namespaces, or where it is said so', () => {
  const watches = (env: Record<string, string>) =>
    loadOperatorConfig({ OPERATOR_DEFAULT_IMAGE: 'example.com/chat:1', ...env }).watchNodes;
  assert.equal(watches({ OPERATOR_NAMESPACE: 'team-a' }), false);
  assert.equal(watches({ OPERATOR_NAMESPACE: 'team-a', OPERATOR_WATCH_NODES: 'true' }), true);
  assert.equal(watches({ OPERATOR_WATCH_NODES: 'false' }), false);
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
