import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { CLIENT_PATHS } from '../../server/contract/ports.ts';
import { movingClients } from '../support/chat/moving-clients.ts';
import { type Pulse, startPulse } from '../support/chat/pulse.ts';
import { full } from '../support/depth.ts';
import { kubeChat } from '../support/kube/kube-chat.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { underway } from '../support/kube/scenario.ts';

const kube = await kubeChat({ after });
const PER_SECOND = 100;
const chat = await ownChat({ after }, kube, 'fleet-budget', {
  gateway: {
    replicas: 3,
    drain: { delaySeconds: 2, timeoutSeconds: 5, reconnectsPerSecond: PER_SECOND, patienceSeconds: 0 },
  },
});
const CROWD = { clients: 20, idle: 2_500 };
const ready = chat.url.replace('ws:', 'http:').replace(CLIENT_PATHS.websocket, CLIENT_PATHS.ready);
const LONG_MS = 240_000;

/** Seconds of standing still that are taken into account: the bound stays far from the more than a thousand that come unpaced. */
const MOST_STILL = 3;

/** Moves that pile up while a process on the way stands still come at once, beside those of the second itself. */
function withinBudget(t: TestContext, peak: number, pulse: Pulse): void {
  const still = pulse.longestMs() / 1_000;
  t.diagnostic(`the way stood still for up to ${still.toFixed(2)} s`);
  assert.ok(peak <= PER_SECOND * (1 + Math.min(still, MOST_STILL)), `${peak} clients reconnected within a second`);
}

test('thousands of clients of two gateways that go reconnect no faster than the budget', {
  skip: kube.unbalanced,
}, async t => {
  await chat.settled(3);
  const clients = await movingClients(t, chat.url, CROWD);
  const pulse = startPulse(t, ready);
  const outcome = await underway(t, chat, clients, 1, async () => {
    await chat.patch({ spec: { gateway: { replicas: 1 } } });
    await chat.settled(1, LONG_MS);
  });
  assert.ok(outcome.moved > outcome.clients / 2, `${outcome.moved} clients were moved`);
  withinBudget(t, outcome.peakPerSecond, pulse);
});

full('and so in a rollout of all gateways at once', { skip: kube.unbalanced }, async t => {
  await chat.patch({ spec: { gateway: { replicas: 2 } } });
  await chat.settled(2);
  const clients = await movingClients(t, chat.url, CROWD);
  const pulse = startPulse(t, ready);
  const outcome = await underway(t, chat, clients, 1, async () => {
    await chat.patch({ spec: { gateway: { resources: { requests: { memory: '101Mi' } } } } });
    await chat.settled(2, LONG_MS);
  });
  assert.equal(outcome.moved, outcome.clients);
  withinBudget(t, outcome.peakPerSecond, pulse);
});
