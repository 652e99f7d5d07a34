import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../../../operator/api/kube-object.ts';
import { connectionsByPod, type LoadSample, readLoads, totalConnections } from '../../../../operator/ask/loads.ts';
import { withCachedAnswers, withoutStaleAnswers } from '../../../../operator/autoscale/cached-answers.ts';
import { type Change, EvenFleet, sample } from '../../../../tools/simulator/even-fleet.ts';
import { lostPolls } from '../../../../tools/simulator/lost-polls.ts';

const WINDOW = { behavior: { scaleDown: { stabilizationWindowSeconds: 600 } } };

function sizes(gateways: number, share: number): number[] {
  const fleet = new EvenFleet(gateways, { maxReplicas: 500, ...WINDOW });
  const lost = lostPolls(share);
  fleet.run(660, gateways * 100, lost);
  fleet.run(1_200, gateways * 60, lost);
  return fleet.decisions.map(({ replicas }) => replicas);
}

for (const [gateways, share] of [
  [300, 0.01],
  [50, 0.001],
] as const)
  test(`${gateways} gateways of which each loses ${share * 100} % of its polls shrink as without loss`, () => {
    const [lossy, whole] = [sizes(gateways, share), sizes(gateways, 0)];
    assert.equal(whole.at(-1), gateways * 0.6);
    const firstStep = (all: number[]) => all.findIndex(size => size < gateways);
    // A look at the very end of the window may be one of those that bring nothing.
    assert.ok(firstStep(lossy) - firstStep(whole) <= 3, `${firstStep(lossy)} and ${firstStep(whole)}`);
    assert.equal(lossy.at(-1), whole.at(-1));
  });

/** The first gateway is silent for good. */
const silent: Change = samples => samples.map((each, at) => (at === 0 ? { ...each, load: undefined } : each));

test('one silent gateway does not keep others from being added: the load of the others is the least there is', () => {
  const fleet = new EvenFleet(3);
  fleet.run(60, 290);
  const step = fleet.run(5, 900, silent);
  assert.deepEqual([step.replicas, step.reason, step.connections], [6, 'ScaledUp', undefined]);
  assert.equal(
    step.message,
    'from 3 to 6: 600 connections at 100 a gateway, and 1 gateway that did not report its load',
  );
});

test('looks that did not hear everyone pass while they are few, and what they did hear counts', () => {
  const fleet = new EvenFleet(5);
  fleet.run(60, 500);
  fleet.run(30, 200);
  fleet.run(5, 470, silent);
  fleet.run(5, 200, silent);
  fleet.run(25, 200);
  // 376 on the four that answered ask for four, for a window from then on.
  assert.equal(fleet.replicas, 4);
  fleet.run(35, 200);
  assert.equal(fleet.replicas, 2);
});

const READY = [
  { type: 'Initialized', status: 'True', lastTransitionTime: '2026-01-01T11:00:00Z' },
  { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T11:00:09Z' },
];

/** Answers of a gateway to several polls, 5 s apart: `polls` has its answers, undefined for a lost one. */
async function looks(
  polls: readonly (number | undefined)[],
  change: (look: number) => Partial<Pod['status']> = () => ({}),
) {
  let samples: readonly LoadSample[] = [];
  const seen: LoadSample[] = [];
  for (const [look, connections] of polls.entries()) {
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'g', uid: 'u' },
      status: {
        phase: 'Running',
        podIP: '192.0.2.1',
        conditions: READY,
        containers: [{ name: 'gateway', restarts: 0 }],
        ...change(look),
      },
    };
    const answers = await readLoads(
      [pod],
      async () => {
        if (connections === undefined) throw new Error('no answer within 2 s');
        return { connections };
      },
      () => false,
    );
    samples = withCachedAnswers(answers, samples, look * 5_000);
    seen.push(...samples);
  }
  return seen.map(({ load }) => load?.connections);
}

test('the last answer of a gateway counts for 15 s', async () => {
  const lost = undefined;
  assert.deepEqual(await looks([7, lost, lost, 8, lost]), [7, 7, 7, 8, 8]);
  assert.deepEqual(await looks([7, lost, lost, lost, lost, lost]), [7, 7, 7, 7, lost, lost]);
});

test('an answer ends with a restart of the container and with a change of readiness', async () => {
  const restarted = (look: number) => ({ containers: [{ name: 'gateway', restarts: look }] });
  assert.deepEqual(await looks([7, undefined], restarted), [7, undefined]);
  const beside = (look: number) => ({
    containers: [
      { name: 'proxy', restarts: look },
      { name: 'gateway', restarts: 0 },
    ],
  });
  assert.deepEqual(await looks([7, undefined], beside), [7, 7], 'a sidecar holds no clients');
  const unready = (look: number) => ({
    conditions: READY.map(each => (each.type === 'Ready' && look > 0 ? { ...each, status: 'False' } : each)),
  });
  assert.deepEqual(await looks([7, undefined], unready), [7, undefined]);
});

test('a gateway that was empty counts as such in the total, but is not removed as empty', () => {
  const answer = { ...sample('g'), life: 'u/0' } as LoadSample;
  const kept = withCachedAnswers([{ ...answer, load: undefined }], withCachedAnswers([answer], [], 0), 5_000);
  assert.equal(totalConnections(kept), 0);
  assert.deepEqual([...connectionsByPod(kept)], []);
});

test('answers are not used after 15 s, however long the next poll takes', () => {
  const answer = { ...sample('g', { connections: 7 }), life: 'u/0' };
  const kept = withCachedAnswers([{ ...answer, load: undefined }], withCachedAnswers([answer], [], 0), 10_000);
  assert.equal(withoutStaleAnswers(kept, 15_000)[0]?.load?.connections, 7);
  assert.equal(withoutStaleAnswers(kept, 15_001)[0]?.load, undefined);
});
