import type { DeclaredKind } from '../../server/contract/room-kinds.ts';
import type { Condition, KubeObject, ObjectMeta } from './kube-object.ts';

export const GROUP = 'chatcluster.dev';
export const VERSION = 'v1alpha1';
export const KIND = 'ChatCluster';
export const API_VERSION = `${GROUP}/${VERSION}`;

type Toggle = 'Enabled' | 'Disabled';
export type LogLevel = 'Debug' | 'Info' | 'Warn' | 'Error';

/** Amounts as in a Pod: numbers, or strings with a unit. */
export interface Resources {
  readonly requests?: Readonly<Record<string, string | number>>;
  readonly limits?: Readonly<Record<string, string | number>>;
}

/** Fields of a pod template that a ChatCluster sets itself. */
export interface PodTemplate {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Readonly<Record<string, string | number>>[];
  readonly affinity?: Readonly<Record<string, unknown>>;
  readonly priorityClassName?: string;
}

/** One rate of a direction, as in a HorizontalPodAutoscaler: at most `value` gateways, or per cent of them, in `periodSeconds`. */
export interface ScalingPolicy {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodSeconds: number;
}

/** Rules of one direction, as in a HorizontalPodAutoscaler. */
export interface ScalingRules {
  readonly stabilizationWindowSeconds: number;
  readonly policies: readonly ScalingPolicy[];
  readonly selectPolicy: 'Max' | 'Min' | 'Disabled';
  readonly tolerancePercent: number;
}

export interface AutoscalingSpec {
  readonly mode: 'Disabled' | 'Builtin' | 'External';
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Connections for each gateway; undefined to learn what a gateway can carry. */
  readonly targetConnections?: number;
  readonly targetDeliveriesPerSecond: number;
  readonly targetEventLoopLagMilliseconds: number;
  readonly targetCpuPercent: number;
  /** A count, or per cent of all connections such as `10%`. */
  readonly freeSlots: number | string;
  readonly collapsePercent: number;
  readonly collapseHoldSeconds: number;
  readonly behavior: { readonly scaleUp: ScalingRules; readonly scaleDown: ScalingRules };
}

export interface WorkerAutoscalingSpec {
  readonly mode: 'Disabled' | 'Builtin';
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targetLagMessages: number;
  readonly scaleUpWindowSeconds: number;
  readonly scaleDownWindowSeconds: number;
}

export interface RolloutSpec {
  readonly strategy: 'MoveOnce' | 'Surge' | 'OnDelete';
  readonly surgePercent: number;
  /** A count, or per cent of the gateways such as `30%`. */
  readonly maxSurge: number | string;
  readonly canary: { readonly percent: number; readonly seconds: number };
  readonly progressDeadlineSeconds: number;
  readonly maxErrorPercent: number;
  readonly maxPublishMilliseconds: number;
  readonly maxEventLoopLagMilliseconds: number;
}

/** A kind of rooms as declared. `rulesOf` of the server's contract has the defaults, which depend on its name and access. */
export type RoomKind = DeclaredKind & { readonly name: string };

/**
 * `spec` with all defaults, as the caches keep it (`desired/spec-defaults.ts`): the API server returns what its author set, and
 * defaults of other versions. `crds/chatclusters.yaml` explains each field.
 */
export interface ChatClusterSpec {
  readonly identity?: string;
  readonly serviceAccountName?: string;
  readonly image: {
    readonly reference?: string;
    readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
    readonly pullSecrets?: readonly { readonly name: string }[];
  };
  readonly gateway: {
    readonly replicas: number;
    readonly autoscaling: AutoscalingSpec;
    readonly drain: {
      readonly delaySeconds: number;
      readonly timeoutSeconds: number;
      readonly reconnectsPerSecond: number;
      readonly patienceSeconds: number;
    };
    readonly rollout: RolloutSpec;
    readonly rebalance: {
      readonly mode: Toggle;
      readonly tolerancePercent: number;
      readonly connectionsPerSecond: number;
      readonly afterRolloutSeconds: number;
    };
    readonly resources: Resources;
    readonly podTemplate: PodTemplate;
    readonly logLevel: LogLevel;
    readonly webPage: Toggle;
  };
  readonly worker: {
    readonly replicas: number;
    readonly autoscaling: WorkerAutoscalingSpec;
    readonly ackWaitSeconds: number;
    readonly batchMessages: number;
    readonly batchDelayMilliseconds: number;
    readonly resources: Resources;
    readonly podTemplate: PodTemplate;
    readonly logLevel: LogLevel;
  };
  readonly nats: {
    readonly urls: readonly string[];
    readonly credentialsSecretRef?: { readonly name: string; readonly userKey: string; readonly passwordKey: string };
  };
  readonly mongodb: { readonly uriSecretRef: { readonly name: string; readonly key: string } };
  readonly auth: {
    readonly secretRef: { readonly name: string; readonly key: string };
    readonly secretGraceSeconds: number;
    readonly clockToleranceSeconds: number;
    readonly issuer?: string;
    readonly audience?: string;
    readonly developmentSignIn: Toggle;
    readonly allowedOrigins: readonly string[];
  };
  readonly messages: {
    readonly partitions: number;
    /** Undefined to let the workers choose by the number of NATS servers. */
    readonly streamReplicas?: number;
    readonly streamMaxBytes: number;
    readonly liveMaxBytes: number;
    readonly hotWindowSeconds: number;
    readonly dedupeWindowSeconds: number;
    readonly lastRooms: number;
    readonly marksKept: number;
    readonly purgeIntervalSeconds: number;
  };
  readonly rooms: { readonly kinds: readonly RoomKind[] };
  readonly users: { readonly search: 'Everyone' | 'Exact' };
  readonly limits: {
    readonly maxConnections: number;
    readonly connectsPerSecond: number;
    readonly connectsPerSecondPerAddress: number;
    readonly trustedProxies: readonly string[];
    readonly maxUnsignedConnections: number;
    readonly maxFrameBytes: number;
    readonly maxMessageBytes: number;
    readonly maxSubscriptions: number;
    readonly commandsPerSecond: number;
    readonly commandBurst: number;
    readonly lookUpsPerUser: number;
    readonly maxConnectionsPerUser: number;
    readonly publishedBytesPerSecondPerUser: number;
    readonly messagesPerSecondPerRoom: number;
    readonly roomsOpenedPerSecondPerUser: number;
    readonly maxFriends: number;
    readonly maxBlocks: number;
    readonly friendRequestsPerDay: number;
    readonly directRoomsPerDay: number;
    readonly sendBufferBytes: number;
    readonly sendBufferTotalBytes: number;
    readonly tailBytes: number;
    readonly tailMessages: number;
    readonly recoveryMessages: number;
    readonly recoveryChunkMessages: number;
    readonly recoveriesPerConnection: number;
    readonly historyMessages: number;
    readonly presenceConnections: number;
    readonly joinLeaveConnections: number;
    readonly bumpRooms: number;
    readonly featureLagMilliseconds: number;
    readonly pingSeconds: number;
    readonly pongSeconds: number;
    readonly connectSeconds: number;
    readonly expiryGraceSeconds: number;
    readonly roomLingerSeconds: number;
    readonly publishTimeoutMilliseconds: number;
    readonly recheckSeconds: number;
  };
  readonly service: {
    readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
    readonly port: number;
    readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
    readonly ipFamilies?: readonly ('IPv4' | 'IPv6')[];
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export interface ChatClusterStatus {
  readonly observedGeneration?: number;
  readonly identity?: string;
  readonly instance?: string;
  readonly image?: string;
  readonly url?: string;
  readonly selector?: string;
  readonly gateways?: {
    readonly replicas: number;
    readonly readyReplicas: number;
    readonly desiredReplicas: number;
    readonly drainingReplicas?: number;
    readonly revision?: string;
    readonly connections?: number;
  };
  readonly workers?: { readonly replicas: number; readonly readyReplicas: number };
  readonly conditions?: readonly Condition[];
}

/** The chat that a ChatCluster keeps, see `fleet/instance.ts`. */
export interface KeptChat {
  /** Undefined where children are of a chat whose identity is not recorded. */
  readonly identity: string | undefined;
  readonly instance: string;
  /** True if the instance is part of the name of the gateways' revision. */
  readonly renamed: boolean;
}

export interface ChatCluster extends KubeObject {
  /** Field manager that wrote `gateway.replicas` through /scale; undefined for none. Not in the API: read from `managedFields`. */
  readonly scaledBy?: string;
  readonly metadata: ObjectMeta & { readonly namespace: string; readonly uid: string; readonly generation: number };
  readonly spec: ChatClusterSpec;
  readonly status?: ChatClusterStatus;
  /** Not in the API: known once the children were read. Without it the spec and the UID decide. */
  readonly kept?: KeptChat;
}
