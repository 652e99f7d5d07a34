import { createHash } from 'node:crypto';
import { OPTIONS, type Option, type OptionName } from '../../server/options.ts';
import type { ChatCluster, ChatClusterSpec } from '../api/chat-cluster.ts';
import { type Component, instanceOf } from './names.ts';

type Read = (spec: ChatClusterSpec) => string | number;

/** Which field of the spec each option of the processes comes from. */
export const FIELDS = {
  'nats.urls': ['natsUrl', spec => spec.nats.urls.join(',')],
  'auth.issuer': ['authIssuer', spec => spec.auth.issuer ?? ''],
  'auth.audience': ['authAudience', spec => spec.auth.audience ?? ''],
  'auth.developmentSignIn': ['devSignIn', spec => spec.auth.developmentSignIn],
  'auth.allowedOrigins': ['allowedOrigins', spec => spec.auth.allowedOrigins.join(',')],
  'rooms.kinds': ['roomKinds', spec => spec.rooms.kinds.map(kind => `${kind.name}=${kind.access}`).join(',')],
  'gateway.webPage': ['webPage', spec => spec.gateway.webPage],
  'gateway.drain.delaySeconds': ['drainDelaySeconds', spec => spec.gateway.drain.delaySeconds],
  'gateway.drain.timeoutSeconds': ['drainSeconds', spec => spec.gateway.drain.timeoutSeconds],
  'worker.ackWaitSeconds': ['ackWaitSeconds', spec => spec.worker.ackWaitSeconds],
  'worker.batchMessages': ['storeBatch', spec => spec.worker.batchMessages],
  'worker.batchDelayMilliseconds': ['storeDelayMs', spec => spec.worker.batchDelayMilliseconds],
  'messages.partitions': ['partitions', spec => spec.messages.partitions],
  'messages.streamReplicas': ['streamReplicas', spec => spec.messages.streamReplicas],
  'messages.streamMaxBytes': ['streamMaxBytes', spec => spec.messages.streamMaxBytes],
  'messages.liveMaxBytes': ['liveMaxBytes', spec => spec.messages.liveMaxBytes],
  'messages.hotWindowSeconds': ['hotWindowSeconds', spec => spec.messages.hotWindowSeconds],
  'messages.dedupeWindowSeconds': ['dedupeSeconds', spec => spec.messages.dedupeWindowSeconds],
  'messages.purgeIntervalSeconds': ['purgeSeconds', spec => spec.messages.purgeIntervalSeconds],
  'limits.maxConnections': ['maxConnections', spec => spec.limits.maxConnections],
  'limits.connectsPerSecond': ['connectsPerSecond', spec => spec.limits.connectsPerSecond],
  'limits.maxFrameBytes': ['maxFrameBytes', spec => spec.limits.maxFrameBytes],
  'limits.maxMessageBytes': ['maxMessageBytes', spec => spec.limits.maxMessageBytes],
  'limits.maxSubscriptions': ['maxSubscriptions', spec => spec.limits.maxSubscriptions],
  'limits.commandsPerSecond': ['commandsPerSecond', spec => spec.limits.commandsPerSecond],
  'limits.commandBurst': ['commandBurst', spec => spec.limits.commandBurst],
  'limits.sendBufferBytes': ['sendBufferBytes', spec => spec.limits.sendBufferBytes],
  'limits.sendBufferTotalBytes': ['sendBufferTotalBytes', spec => spec.limits.sendBufferTotalBytes],
  'limits.tailBytes': ['tailBytes', spec => spec.limits.tailBytes],
  'limits.tailMessages': ['tailMessages', spec => spec.limits.tailMessages],
  'limits.recoveryMessages': ['recoveryLimit', spec => spec.limits.recoveryMessages],
  'limits.recoveryChunkMessages': ['recoveryChunk', spec => spec.limits.recoveryChunkMessages],
  'limits.historyMessages': ['historyLimit', spec => spec.limits.historyMessages],
  'limits.joinLeaveConnections': ['joinLeaveLimit', spec => spec.limits.joinLeaveConnections],
  'limits.pingSeconds': ['pingSeconds', spec => spec.limits.pingSeconds],
  'limits.pongSeconds': ['pongSeconds', spec => spec.limits.pongSeconds],
  'limits.connectSeconds': ['connectSeconds', spec => spec.limits.connectSeconds],
  'limits.expiryGraceSeconds': ['expiryGraceSeconds', spec => spec.limits.expiryGraceSeconds],
  'limits.roomLingerSeconds': ['roomLingerSeconds', spec => spec.limits.roomLingerSeconds],
  'limits.publishTimeoutMilliseconds': ['publishTimeoutMs', spec => spec.limits.publishTimeoutMilliseconds],
  'limits.recheckSeconds': ['recheckSeconds', spec => spec.limits.recheckSeconds],
} as const satisfies Record<string, readonly [OptionName, Read]>;

/** Options that come from Secrets, and the variables the secretKeyRefs fill. */
export const SECRET_ENV = {
  natsUser: OPTIONS.natsUser.env,
  natsPassword: OPTIONS.natsPassword.env,
  mongodbUri: OPTIONS.mongodbUri.env,
  authSecret: OPTIONS.authSecret.env,
} as const;

/** The variables of one process, sorted by name: the data of its ConfigMap. */
export function processEnv(cluster: ChatCluster, component: Component): Record<string, string> {
  const env: Record<string, string> = {
    [OPTIONS.instance.env]: instanceOf(cluster),
    [OPTIONS.logLevel.env]: cluster.spec[component].logLevel.toLowerCase(),
  };
  for (const [option, read] of Object.values(FIELDS)) {
    const row: Option = OPTIONS[option];
    const value = String(read(cluster.spec));
    if (row.for.includes(component) && value !== '') env[row.env] = value;
  }
  return Object.fromEntries(Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
