import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatCluster } from '../../../../operator/api/chat-cluster.ts';
import type { KubeObject } from '../../../../operator/api/kube-object.ts';
import { connectionsByPod } from '../../../../operator/ask/loads.ts';
import type { Probe } from '../../../../operator/ask/probes.ts';
import { withoutStaleAnswers } from '../../../../operator/autoscale/cached-answers.ts';
import { HIBERNATE_ANNOTATION, PAUSE_ANNOTATION } from '../../../../operator/desired/names.ts';
import { revisionOf } from '../../../../operator/desired/revision.ts';
import { currentSize, newMemory, type ScalingInput, scale } from '../../../../operator/reconcile/size.ts';
import type { TrafficIntent } from '../../../../server/contract/traffic.ts';
import { stored } from '../../../../tools/support/crd-schema.ts';
import {
  clientService,
  gatewayDeployment,
  gatewayPod,
  loadOf,
  probeOf,
  see,
} from '../../../support/kube/fleet-objects.ts';

const NOW = 1_000_000;
const HPA = [{ name: 'by-cpu', target: { kind: 'ChatCluster', name: 'chat' } }];
const BUILTIN = {
  gateway: { autoscaling: { mode: 'Builtin', minReplicas: 2, maxReplicas: 9, targetConnections: 100 } },
};
const declared = (replicas: number, annotations: Record<string, string> = {}) =>
  stored({ gateway: { replicas } }, { annotations });
const builtin = (annotations: Record<string, string> = {}) => stored(BUILTIN, { annotations });

interface Fleet {
  /** Gateways of the revision of the spec. */
  readonly gateways: number;
  /** Number of them that are asked to leave. */
  readonly leaving?: number;
  readonly reason?: TrafficIntent['reason'];
  /** Replicas of its Deployment; default: as many as there are. */
  readonly replicas?: number;
  /** Replicas of an older revision beside it. */
  readonly old?: number;
}

function given(cluster: ChatCluster, fleetOf: Fleet): ScalingInput {
  const { gateways, leaving = 0, reason = 'ScaleDown', replicas = gateways, old = 0 } = fleetOf;
  const revision = revisionOf(cluster, 'gateway');
  const since = new Date(0).toISOString();
  const names = Array.from({ length: gateways }, (_, at) => `g${at}`);
  const pods = names.map((name, at) =>
    at < leaving
      ? gatewayPod(name, revision, { ready: false, intent: { reason, since, keep: 0 } })
      : gatewayPod(name, revision),
  );
  const children: KubeObject[] = [
    gatewayDeployment(cluster, revision, { replicas }),
    ...(old > 0 ? [gatewayDeployment(cluster, 'aaaaaaaaaa', { replicas: old })] : []),
    clientService(cluster, revision),
  ];
  const fleet = see({ cluster, children, pods, offered: names.slice(leaving), now: NOW });
  return { cluster, children, fleet, foreign: [], probe: answers(gateways, 60), now: NOW };
}
const answers = (gateways: number, each: number): Probe =>
  probeOf(
    Array.from({ length: gateways }, (_, at) => loadOf(`g${at}`, { connections: each })),
    NOW,
  );
const sizeOf = (input: ScalingInput) => scale(input, newMemory()).size;

test('gateway.replicas decides, up and down', () => {
  assert.equal(sizeOf(given(declared(5), { gateways: 3 })), 5);
  assert.equal(sizeOf(given(declared(1), { gateways: 3 })), 1);
});

test('nobody is chosen to go before anybody was asked; more are made at once', () => {
  const unasked = { probe: undefined };
  assert.equal(sizeOf({ ...given(declared(1), { gateways: 3 }), ...unasked }), 3);
  assert.equal(sizeOf({ ...given(declared(5), { gateways: 3 }), ...unasked }), 5);
});

test('a scale-down that has begun stays begun while nobody was asked', () => {
  const input = { ...given(declared(1), { gateways: 3, leaving: 2 }), probe: undefined };
  assert.equal(sizeOf(input), 1);
});

test('those that are told to go count no more; those that shed do', () => {
  const size = (fleet: Fleet) => {
    const cluster = declared(3);
    return currentSize(cluster, given(cluster, fleet).fleet);
  };
  assert.equal(size({ gateways: 5 }), 5);
  assert.equal(size({ gateways: 5, leaving: 2 }), 3);
  assert.equal(size({ gateways: 5, leaving: 5, reason: 'Hibernate' }), 0);
  assert.equal(size({ gateways: 5, leaving: 2, reason: 'Rebalance' }), 5);
  assert.equal(size({ gateways: 5, leaving: 2, replicas: 3 }), 3, 'fewer are asked for, and the pods are still there');
  assert.equal(size({ gateways: 3, replicas: 3 }), 3);
  assert.equal(size({ gateways: 3, replicas: 5 }), 5, 'those asked for are still being made');
});

test('while two revisions stand side by side the size is that of the status, and none is taken away', () => {
  const status = { gateways: { replicas: 4, readyReplicas: 4, desiredReplicas: 4 } };
  const cluster: ChatCluster = { ...builtin(), status };
  const input = given(cluster, { gateways: 4, old: 4 });
  assert.equal(currentSize(cluster, input.fleet), 4);
  const { decision, size } = scale({ ...input, probe: answers(4, 1) }, newMemory());
  assert.deepEqual([size, decision.replicas], [4, 4]);
  assert.match(
    scale({ ...given({ ...declared(2), status }, { gateways: 4, old: 4 }) }, newMemory()).decision.message,
    /a rollout is in progress/,
  );
});

test('without a status the size is that of one revision while both have all, and of both while they share it', () => {
  assert.equal(currentSize(builtin(), given(builtin(), { gateways: 4, old: 3 }).fleet), 4);
  const split = stored({ gateway: { ...BUILTIN.gateway, rollout: { strategy: 'OnDelete' } } });
  assert.equal(currentSize(split, given(split, { gateways: 4, old: 3 }).fleet), 7);
});

test('who replaces gateways by deleting them may have fewer of them meanwhile', () => {
  const status = { gateways: { replicas: 8, readyReplicas: 8, desiredReplicas: 8 } };
  const cluster = { ...stored({ gateway: { replicas: 5, rollout: { strategy: 'OnDelete' } } }), status };
  assert.equal(sizeOf(given(cluster, { gateways: 4, old: 4 })), 5);
});

test('a rollout does not keep gateways from being added', () => {
  const status = { gateways: { replicas: 2, readyReplicas: 2, desiredReplicas: 2 } };
  const input = given({ ...builtin(), status }, { gateways: 2, old: 2 });
  assert.ok(sizeOf({ ...input, probe: answers(2, 300) }) > 2);
});

test('a foreign autoscaler holds a Builtin size in both directions, and is named', () => {
  const busy = { ...given(builtin(), { gateways: 3 }), foreign: HPA, probe: answers(3, 500) };
  const { size, decision } = scale(busy, newMemory());
  assert.deepEqual([size, decision.reason], [3, 'Held']);
  assert.match(decision.message, /HorizontalPodAutoscaler by-cpu scales the ChatCluster too/);
  assert.ok(sizeOf({ ...busy, foreign: [] }) > 3);
});

test('a foreign autoscaler is welcome where gateway.replicas decides', () => {
  const { size, decision } = scale({ ...given(declared(5), { gateways: 3 }), foreign: HPA }, newMemory());
  assert.deepEqual([size, decision.reason], [5, 'Disabled']);
});

test('an autoscaler of a Deployment, which would take gateways with their clients, holds the size in every mode', () => {
  const foreign = [{ name: 'by-cpu', target: { kind: 'Deployment', name: 'chat-gateway-0123456789' } }];
  const { size, decision } = scale({ ...given(declared(5), { gateways: 3 }), foreign }, newMemory());
  assert.deepEqual([size, decision.reason], [3, 'Held']);
  assert.match(decision.message, /by-cpu scales a Deployment of the gateways/);
});

const PAUSES: readonly (readonly [string, number, number])[] = [
  ['All', 3, 3],
  ['ScaleIn', 5, 3],
  ['ScaleOut', 3, 1],
  ['something nobody can have meant', 3, 3],
];
for (const [pause, up, down] of PAUSES)
  test(`paused with ${pause}, three gateways of which five or one are wanted are ${up} and ${down}`, () => {
    const annotations = { [PAUSE_ANNOTATION]: pause };
    assert.equal(sizeOf(given(declared(5, annotations), { gateways: 3 })), up);
    assert.equal(sizeOf(given(declared(1, annotations), { gateways: 3 })), down);
  });

test('an annotation that nobody can have meant holds the size and is told with what it must be', () => {
  const messageOf = (annotations: Record<string, string>) =>
    scale(given(declared(5, annotations), { gateways: 3 }), newMemory()).decision.message;
  assert.match(
    messageOf({ [PAUSE_ANNOTATION]: 'true' }),
    /chatcluster.dev\/pause must be All, ScaleIn or ScaleOut, got "true"/,
  );
  assert.match(
    messageOf({ [HIBERNATE_ANNOTATION]: 'True' }),
    /chatcluster.dev\/hibernate must be "true" or "false", got "True"/,
  );
});

test('a Deployment that somebody else scaled is put back to what was wanted', () => {
  const memory = newMemory();
  scale({ ...given(builtin(), { gateways: 3 }), probe: answers(3, 90) }, memory);
  const later = scale({ ...given(builtin(), { gateways: 1 }), probe: answers(1, 90) }, memory);
  assert.deepEqual([later.current, later.size], [3, 3]);
});

const said = (desiredReplicas: number) => ({ gateways: { replicas: 3, readyReplicas: 3, desiredReplicas } });

test('a status that is lost, or that somebody else wrote, changes no size', () => {
  const busy = (status: ChatCluster['status']) => ({
    ...given({ ...builtin(), ...(status ? { status } : {}) }, { gateways: 3 }),
    probe: answers(3, 90),
  });
  const memory = newMemory();
  // The last two are of an operator that has just started.
  for (const [status, held] of [
    [said(3), memory],
    [said(9), memory],
    [undefined, memory],
    [said(9), newMemory()],
    [said(0), newMemory()],
    [undefined, newMemory()],
  ] as const)
    assert.deepEqual([scale(busy(status), held).current, scale(busy(status), held).size], [3, 3]);
});

test('while two revisions share the gateways a status counts as far as the Deployments bear it out', () => {
  const surge = { gateway: { ...BUILTIN.gateway, rollout: { strategy: 'Surge' } } };
  const size = (desiredReplicas: number) => {
    const cluster = { ...stored(surge), status: said(desiredReplicas) };
    return currentSize(cluster, given(cluster, { gateways: 3, old: 2 }).fleet);
  };
  assert.deepEqual([size(4), size(50), size(1)], [4, 5, 3]);
});

test('hibernating there are none, whatever the load, a pause or a foreign autoscaler says', () => {
  const annotations = { [HIBERNATE_ANNOTATION]: 'true', [PAUSE_ANNOTATION]: 'All' };
  for (const cluster of [declared(5, annotations), builtin(annotations)])
    assert.equal(sizeOf({ ...given(cluster, { gateways: 3 }), foreign: HPA }), 0);
  assert.equal(sizeOf(given(declared(5, { [HIBERNATE_ANNOTATION]: 'false' }), { gateways: 3 })), 5);
});

test('awake again it has what is declared, or starts with minReplicas', () => {
  assert.equal(sizeOf({ ...given(declared(3), { gateways: 0 }), probe: answers(0, 0) }), 3);
  assert.equal(sizeOf({ ...given(builtin(), { gateways: 0 }), probe: answers(0, 0) }), 2);
});

test('answers older than 15 s are none: the size is kept and the gateways are named', () => {
  const { decision, size } = scale({ ...given(builtin(), { gateways: 3 }), now: NOW + 15_001 }, newMemory());
  assert.deepEqual([size, decision.reason], [3, 'LoadUnknown']);
  assert.match(decision.message, /g0, g1, g2/);
});

test('each answer counts once, however often it is looked at', () => {
  const memory = newMemory();
  const input = given(builtin(), { gateways: 3 });
  scale(input, memory);
  const { length } = memory.history;
  scale({ ...input, now: NOW + 1_000 }, memory);
  assert.equal(memory.history.length, length);
  scale({ ...input, now: NOW + 2_000, probe: answers(3, 61) }, memory);
  assert.equal(memory.history.length, length + 1);
});

test('a gateway that goes is subtracted once: from the replicas before they are lowered, and not after', () => {
  const cluster = declared(2);
  const revision = revisionOf(cluster, 'gateway');
  const before = given(cluster, { gateways: 3, leaving: 1 });
  const lowered = before.fleet.revisions.map(row => (row.revision === revision ? { ...row, replicas: 2 } : row));
  assert.equal(currentSize(cluster, before.fleet), 2);
  assert.equal(currentSize(cluster, { ...before.fleet, revisions: lowered }), 2);
});

test('an answer from too long ago is none: a gateway that was empty then is not taken for empty now', () => {
  const probe = answers(1, 0);
  assert.deepEqual([...connectionsByPod(withoutStaleAnswers(probe.loads, NOW + 15_000))], [['g0', 0]]);
  assert.deepEqual([...connectionsByPod(withoutStaleAnswers(probe.loads, NOW + 15_001))], []);
});
