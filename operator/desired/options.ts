import { createHash } from 'node:crypto';
import { OPTIONS, type Option, type OptionName, RELOADABLE_OPTIONS } from '../../server/contract/options.ts';
import { BARE_PUBLISH } from '../../server/contract/room-kinds.ts';
import { SETTINGS_FILES } from '../../server/contract/settings-files.ts';
import type { ChatCluster, ChatClusterSpec, RoomKind } from '../api/chat-cluster.ts';
import { type Component, instanceOf } from './names.ts';

type Read = (spec: ChatClusterSpec) => string | number;

/** A publish that its access implies is left out: a gateway of an older version knows no other form. */
function kindText({ name, access, publish = BARE_PUBLISH[access] }: RoomKind): string {
  return publish === BARE_PUBLISH[access] ? `${name}=${access}` : `${name}=${access}/Publish${publish}`;
}

/** Which field of the spec each option of the processes comes from. */
export const FIELDS = {
  'nats.urls': ['natsUrl', spec => spec.nats.urls.join(',')],
  'auth.secretGraceSeconds': ['authSecretGraceSeconds', spec => spec.auth.secretGraceSeconds],
  'auth.clockToleranceSeconds': ['authClockToleranceSeconds', spec => spec.auth.clockToleranceSeconds],
  'auth.issuer': ['authIssuer', spec => spec.auth.issuer ?? ''],
  'auth.audience': ['authAudience', spec => spec.auth.audience ?? ''],
  'auth.developmentSignIn': ['devSignIn', spec => spec.auth.developmentSignIn],
  'auth.allowedOrigins': ['allowedOrigins', spec => spec.auth.allowedOrigins.join(',')],
  'rooms.kinds': ['roomKinds', spec => spec.rooms.kinds.map(kindText).join(',')],
  'gateway.webPage': ['webPage', spec => spec.gateway.webPage],
  'gateway.drain.delaySeconds': ['drainDelaySeconds', spec => spec.gateway.drain.delaySeconds],
  'gateway.drain.timeoutSeconds': ['drainSeconds', spec => spec.gateway.drain.timeoutSeconds],
  'worker.ackWaitSeconds': ['ackWaitSeconds', spec => spec.worker.ackWaitSeconds],
  'worker.batchMessages': ['storeBatch', spec => spec.worker.batchMessages],
  'worker.batchDelayMilliseconds': ['storeDelayMs', spec => spec.worker.batchDelayMilliseconds],
  'messages.partitions': ['partitions', spec => spec.messages.partitions],
  // Where it is not set the template of the workers says so, see `pod-template.ts`.
  'messages.streamReplicas': ['streamReplicas', spec => spec.messages.streamReplicas ?? 1],
  'messages.streamMaxBytes': ['streamMaxBytes', spec => spec.messages.streamMaxBytes],
  'messages.liveMaxBytes': ['liveMaxBytes', spec => spec.messages.liveMaxBytes],
  'messages.hotWindowSeconds': ['hotWindowSeconds', spec => spec.messages.hotWindowSeconds],
  'messages.dedupeWindowSeconds': ['dedupeSeconds', spec => spec.messages.dedupeWindowSeconds],
  'messages.lastRooms': ['lastRooms', spec => spec.messages.lastRooms],
  'messages.purgeIntervalSeconds': ['purgeSeconds', spec => spec.messages.purgeIntervalSeconds],
  'limits.maxConnections': ['maxConnections', spec => spec.limits.maxConnections],
  'limits.connectsPerSecond': ['connectsPerSecond', spec => spec.limits.connectsPerSecond],
  'limits.connectsPerSecondPerAddress': [
    'connectsPerSecondPerAddress',
    spec => spec.limits.connectsPerSecondPerAddress,
  ],
  'limits.trustedProxies': ['trustedProxies', spec => spec.limits.trustedProxies.join(',')],
  'limits.maxUnsignedConnections': ['maxUnsignedConnections', spec => spec.limits.maxUnsignedConnections],
  'limits.maxFrameBytes': ['maxFrameBytes', spec => spec.limits.maxFrameBytes],
  'limits.maxMessageBytes': ['maxMessageBytes', spec => spec.limits.maxMessageBytes],
  'limits.maxSubscriptions': ['maxSubscriptions', spec => spec.limits.maxSubscriptions],
  'limits.commandsPerSecond': ['commandsPerSecond', spec => spec.limits.commandsPerSecond],
  'limits.commandBurst': ['commandBurst', spec => spec.limits.commandBurst],
  'limits.lookUpsPerUser': ['lookUpsPerUser', spec => spec.limits.lookUpsPerUser],
  'limits.maxConnectionsPerUser': ['maxConnectionsPerUser', spec => spec.limits.maxConnectionsPerUser],
  'limits.publishedBytesPerSecondPerUser': [
    'publishedBytesPerSecondPerUser',
    spec => spec.limits.publishedBytesPerSecondPerUser,
  ],
  'limits.messagesPerSecondPerRoom': ['messagesPerSecondPerRoom', spec => spec.limits.messagesPerSecondPerRoom],
  'limits.roomsOpenedPerSecondPerUser': [
    'roomsOpenedPerSecondPerUser',
    spec => spec.limits.roomsOpenedPerSecondPerUser,
  ],
  'limits.sendBufferBytes': ['sendBufferBytes', spec => spec.limits.sendBufferBytes],
  'limits.sendBufferTotalBytes': ['sendBufferTotalBytes', spec => spec.limits.sendBufferTotalBytes],
  'limits.tailBytes': ['tailBytes', spec => spec.limits.tailBytes],
  'limits.tailMessages': ['tailMessages', spec => spec.limits.tailMessages],
  'limits.recoveryMessages': ['recoveryLimit', spec => spec.limits.recoveryMessages],
  'limits.recoveryChunkMessages': ['recoveryChunk', spec => spec.limits.recoveryChunkMessages],
  'limits.recoveriesPerConnection': ['recoveriesPerConnection', spec => spec.limits.recoveriesPerConnection],
  'limits.historyMessages': ['historyLimit', spec => spec.limits.historyMessages],
  'limits.presenceConnections': ['presenceLimit', spec => spec.limits.presenceConnections],
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

/** A key of a Secret, and the variable it fills. */
export interface SecretRef {
  readonly env: string;
  readonly name: string;
  readonly key: string;
}

export function secretRefs(spec: ChatClusterSpec, component: Component): SecretRef[] {
  const { credentialsSecretRef: nats } = spec.nats;
  const { uriSecretRef: mongodb } = spec.mongodb;
  const { secretRef: auth } = spec.auth;
  return [
    { env: SECRET_ENV.mongodbUri, name: mongodb.name, key: mongodb.key },
    ...(nats
      ? [
          { env: SECRET_ENV.natsUser, name: nats.name, key: nats.userKey },
          { env: SECRET_ENV.natsPassword, name: nats.name, key: nats.passwordKey },
        ]
      : []),
    ...(component === 'gateway' ? [{ env: SECRET_ENV.authSecret, name: auth.name, key: auth.key }] : []),
  ];
}

/** Keys that may be missing, so files of the live volume alone: a variable could not be taken away. */
export function optionalSecretRefs({ auth }: ChatClusterSpec): SecretRef[] {
  const { name, key } = auth.secretRef;
  return [{ env: OPTIONS.authPreviousSecret.env, name, key: `${key}-previous` }];
}

const LIVE: ReadonlySet<OptionName> = new Set(RELOADABLE_OPTIONS.gateway);

/** What the fields say for the options of one component, empty values left out. */
function fieldValues(spec: ChatClusterSpec, component: Component): (readonly [OptionName, string])[] {
  const rows: readonly (readonly [OptionName, Read])[] = [
    ['logLevel', () => spec[component].logLevel.toLowerCase()],
    ...Object.values(FIELDS),
  ];
  return rows
    .filter(([option]) => (OPTIONS[option] as Option).for.includes(component))
    .map(([option, read]) => [option, String(read(spec))] as const)
    .filter(([, value]) => value !== '');
}

function sorted(env: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries([...env].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const variable = ([option, value]: readonly [OptionName, string]) => [OPTIONS[option].env, value] as const;

/** Values that were the default of every image once, and of a revision are as good as none still: else its pods would roll. */
const FORMER_DEFAULTS: Partial<Record<OptionName, string>> = { streamReplicas: '1' };

/** An option at its default is never written: an image that does not know it yet must be able to start, and to go on. */
function isChosen([option, value]: readonly [OptionName, string]): boolean {
  const row: Option = OPTIONS[option];
  return (FORMER_DEFAULTS[option] ?? String(row.default ?? '')) !== value;
}

/** Those of them that a process takes when it starts: a worker's are all of them, a gateway's those that need a new pod. */
export function startValues(spec: ChatClusterSpec, component: Component): (readonly [OptionName, string])[] {
  return fieldValues(spec, component)
    .filter(([option]) => component === 'worker' || !LIVE.has(option))
    .filter(isChosen);
}

/** The variables of the options a process starts with, sorted by name. */
export function startEnv({ spec }: ChatCluster, component: Component): Record<string, string> {
  return sorted(startValues(spec, component).map(variable));
}

/** The variables of the one ConfigMap of all workers. @param there those it has, which stay although at their default */
export function sharedWorkerEnv(cluster: ChatCluster, there: ReadonlySet<string>): Record<string, string> {
  const values = fieldValues(cluster.spec, 'worker').filter(row => isChosen(row) || there.has(OPTIONS[row[0]].env));
  return sorted([[OPTIONS.instance.env, instanceOf(cluster)], ...values.map(variable)]);
}

/** Data of the ConfigMap that running gateways follow. Where an option is not in it, its default counts. */
export function liveOptions({ spec }: ChatCluster): Record<string, string> {
  const values = fieldValues(spec, 'gateway').filter(([option]) => LIVE.has(option));
  const data = sorted(values.filter(isChosen).map(variable));
  return { ...data, [SETTINGS_FILES.version]: hashOf(data) };
}

export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
