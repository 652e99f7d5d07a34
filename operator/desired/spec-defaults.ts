import { OPTIONS, type Option } from '../../server/contract/options.ts';
import type { ChatClusterSpec } from '../api/chat-cluster.ts';
import { FIELDS } from './options.ts';

/** Defaults of the fields that are options of the processes, without options whose value the processes choose themselves. */
const OF_OPTIONS: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries(FIELDS).flatMap(([path, [name]]) => {
    const option: Option = OPTIONS[name];
    const isOpen = option.kind === 'text' || (option.kind === 'integer' && option.automatic);
    return isOpen ? [] : [[path, option.default]];
  }),
);

const REQUESTS = { requests: { cpu: '100m', memory: '192Mi' } } as const;

/**
 * Default of each field of `spec`, by its path. The CRD has no defaults but that of `gateway.replicas`, which `/scale` reads: a
 * default that the API server writes into an object stays there when a later version has a better one. A test compares the
 * descriptions and rules of the CRD with this table. A default that is an object or a list replaces a missing one as a whole.
 *
 * Some never change: `messages.partitions` says where a room's messages are, and what is part of a revision
 * (`revision.ts`) would roll every ChatCluster.
 */
export const SPEC_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...OF_OPTIONS,
  'image.pullPolicy': 'IfNotPresent',
  'gateway.replicas': 2,
  'gateway.autoscaling.mode': 'Disabled',
  'gateway.autoscaling.minReplicas': 2,
  'gateway.autoscaling.maxReplicas': 10,
  'gateway.autoscaling.targetDeliveriesPerSecond': 50_000,
  'gateway.autoscaling.targetEventLoopLagMilliseconds': 100,
  'gateway.autoscaling.targetCpuPercent': 70,
  'gateway.autoscaling.freeSlots': '10%',
  'gateway.autoscaling.collapsePercent': 50,
  'gateway.autoscaling.collapseHoldSeconds': 600,
  'gateway.autoscaling.behavior.scaleUp.stabilizationWindowSeconds': 0,
  'gateway.autoscaling.behavior.scaleUp.policies': [
    { type: 'Percent', value: 100, periodSeconds: 15 },
    { type: 'Pods', value: 4, periodSeconds: 15 },
  ],
  'gateway.autoscaling.behavior.scaleUp.selectPolicy': 'Max',
  'gateway.autoscaling.behavior.scaleUp.tolerancePercent': 1,
  'gateway.autoscaling.behavior.scaleDown.stabilizationWindowSeconds': 540,
  'gateway.autoscaling.behavior.scaleDown.policies': [
    { type: 'Percent', value: 10, periodSeconds: 60 },
    { type: 'Pods', value: 1, periodSeconds: 60 },
  ],
  'gateway.autoscaling.behavior.scaleDown.selectPolicy': 'Max',
  'gateway.autoscaling.behavior.scaleDown.tolerancePercent': 10,
  'gateway.drain.reconnectsPerSecond': 500,
  'gateway.drain.patienceSeconds': 60,
  'gateway.rollout.strategy': 'MoveOnce',
  'gateway.rollout.surgePercent': 25,
  'gateway.rollout.maxSurge': '100%',
  'gateway.rollout.canary.percent': 0,
  'gateway.rollout.canary.seconds': 300,
  'gateway.rollout.progressDeadlineSeconds': 300,
  'gateway.rollout.maxErrorPercent': 5,
  'gateway.rollout.maxPublishMilliseconds': 1_000,
  'gateway.rollout.maxEventLoopLagMilliseconds': 500,
  'gateway.rebalance.mode': 'Enabled',
  'gateway.rebalance.tolerancePercent': 25,
  'gateway.rebalance.connectionsPerSecond': 20,
  'gateway.rebalance.afterRolloutSeconds': 300,
  'gateway.resources': REQUESTS,
  'gateway.podTemplate': {},
  'gateway.logLevel': 'Info',
  'worker.replicas': 1,
  'worker.autoscaling.mode': 'Disabled',
  'worker.autoscaling.minReplicas': 1,
  'worker.autoscaling.maxReplicas': 4,
  'worker.autoscaling.targetLagMessages': 10_000,
  'worker.autoscaling.scaleUpWindowSeconds': 30,
  'worker.autoscaling.scaleDownWindowSeconds': 300,
  'worker.resources': REQUESTS,
  'worker.podTemplate': {},
  'worker.logLevel': 'Info',
  'nats.credentialsSecretRef.userKey': 'username',
  'nats.credentialsSecretRef.passwordKey': 'password',
  'mongodb.uriSecretRef.key': 'uri',
  'auth.secretRef.key': 'secret',
  'auth.allowedOrigins': ['*'],
  'rooms.kinds': [{ name: 'channel', access: 'Open' }],
  'limits.trustedProxies': [],
  'service.type': 'ClusterIP',
  'service.port': 80,
};

/** Objects whose presence has a meaning: they are not created for the defaults of their fields. */
const OPTIONAL: ReadonlySet<string> = new Set(['nats.credentialsSecretRef']);

interface Node {
  /** True if it stays missing where it is not set. */
  readonly optional: boolean;
  readonly value: unknown;
  /** Children by the name of the field; empty for a value. */
  readonly fields: Map<string, Node>;
}

/** The tree that the paths of the table describe. */
function treeOf(table: Readonly<Record<string, unknown>>): Node {
  const root: Node = { optional: false, value: undefined, fields: new Map() };
  for (const [path, value] of Object.entries(table)) {
    let node = root;
    const names = path.split('.');
    names.forEach((name, depth) => {
      const isLast = depth === names.length - 1;
      const there = node.fields.get(name);
      const next = {
        optional: OPTIONAL.has(names.slice(0, depth + 1).join('.')),
        value: isLast ? value : there?.value,
        fields: there?.fields ?? new Map<string, Node>(),
      };
      node.fields.set(name, next);
      node = next;
    });
  }
  return root;
}

const TREE = treeOf(SPEC_DEFAULTS);

function fill({ optional, value, fields }: Node, given: unknown): unknown {
  const isMissing = given === undefined || given === null;
  if (fields.size === 0) return isMissing ? value : given;
  if (isMissing && optional) return undefined;
  const filled: Record<string, unknown> = { ...(given as object | null) };
  for (const [name, node] of fields) {
    const field = fill(node, filled[name]);
    if (field !== undefined) filled[name] = field;
  }
  return filled;
}

/** A copy of `spec` with the defaults of {@link SPEC_DEFAULTS} for everything it leaves out. */
export function withDefaults(spec: object): ChatClusterSpec {
  return fill(TREE, spec) as ChatClusterSpec;
}

/**
 * Fields of `given`, the object at `path`, that differ from {@link SPEC_DEFAULTS}.
 * @param table for tests
 */
export function onlySet(
  given: object,
  path: string,
  table: Readonly<Record<string, unknown>> = SPEC_DEFAULTS,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(table[`${path}.${name}`])),
  );
}
