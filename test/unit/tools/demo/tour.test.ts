import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tour } from '../../../../tools/demo/tour.ts';

test('the tour of the demo names the page and how to end it', () => {
  const text = tour({ namespace: 'demo', port: 8081, detached: true, kubeconfig: null });
  assert.match(text, /http:\/\/127\.0\.0\.1:8081/);
  assert.match(text, /cluster:down/);
  assert.match(text, /kill-gateway/);
  assert.doesNotMatch(text, /Ctrl-C closes the page/);
});

test('on another cluster the tour has that cluster in all its commands, and none for the local one', () => {
  const text = tour({ namespace: 'demo', port: null, detached: true, kubeconfig: '/k' });
  assert.match(text, /export KUBECONFIG=\/k/);
  assert.match(text, /kubectl --namespace demo port-forward service\/chat :80/);
  assert.doesNotMatch(text, /cluster:down|kill-gateway|\.cluster/);
});
