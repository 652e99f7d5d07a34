import { createHash } from 'node:crypto';
import { OPTIONS, type Option, type OptionName, RELOADABLE_OPTIONS } from '../../server/contract/options.ts';
import { SETTINGS_FILES } from '../../server/contract/settings-files.ts';
import type { ChatCluster, ChatClusterSpec } from '../api/chat-cluster.ts';
import { type Component, instanceOf } from './names.ts';
import { kindsText, rulesText } from './room-kinds.ts';

type Read = (spec: ChatClusterSpec) => string | number;

/** Field of the spec that each option of the processes comes from. */
export const FIELDS = {
  'nats.urls': ['natsUrl', spec => spec.nats.urls.join(',')],
  'auth.secretGraceSeconds': ['authSecretGraceSeconds', spec => spec.auth.secretGraceSeconds],
  'auth.clockToleranceSeconds': ['authClockToleranceSeconds', spec => spec.auth.clockToleranceSeconds],
  'auth.issuer': ['authIssuer', spec => spec.auth.issuer ?? ''],
  'auth.audience': ['authAudience', spec => spec.auth.audience ?? ''],
  'auth.developmentSignIn': ['devSignIn', spec => spec.auth.developmentSignIn],
  'auth.allowedOrigins': ['allowedOrigins', spec => spec.auth.allowedOrigins.join(',')],
  'rooms.kinds': ['roomKinds', spec => kindsText(spec.rooms.kinds)],
  'rooms.kinds[]': ['roomRules', spec => rulesText(spec.rooms.kinds)],
  'users.search': ['userSearch', spec => spec.users.search],
  'gateway.webPage': ['webPage', spec => spec.gateway.webPage],
  'gateway.drain.delaySeconds': ['drainDelaySeconds', spec => spec.gateway.drain.delaySeconds],
  'gateway.drain.timeoutSeconds': ['drainSeconds', spec => spec.gateway.drain.timeoutSeconds],
  'worker.ackWaitSeconds': ['ackWaitSeconds', spec => spec.worker.ackWaitSeconds],
  'worker.batchMessages': ['storeBatch', spec => spec.worker.batchMessages],
  'worker.batchDelayMilliseconds': ['storeDelayMs', spec => spec.worker.batchDelayMilliseconds],
  'messages.partitions': ['partitions', spec => spec.messages.partitions],
  // Where it is not set the template of the workers says so, see `worker.ts`.
  'messages.streamReplicas': ['streamReplicas', spec => spec.messages.streamReplicas ?? 1],
  'messages.streamMaxBytes': ['streamMaxBytes', spec => spec.messages.streamMaxBytes],
  'messages.liveMaxBytes': ['liveMaxBytes', spec => spec.messages.liveMaxBytes],
  'messages.hotWindowSeconds': ['hotWindowSeconds', spec => spec.messages.hotWindowSeconds],
  'messages.dedupeWindowSeconds': ['dedupeSeconds', spec => spec.messages.dedupeWindowSeconds],
  'messages.lastRooms': ['lastRooms', spec => spec.messages.lastRooms],
  'messages.marksKept': ['marksKept', spec => spec.messages.marksKept],
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
  'limits.maxFriends': ['maxFriends', spec => spec.limits.maxFriends],
  'limits.maxBlocks': ['maxBlocks', spec => spec.limits.maxBlocks],
  'limits.friendRequestsPerDay': ['friendRequestsPerDay', spec => spec.limits.friendRequestsPerDay],
  'limits.directRoomsPerDay': ['directRoomsPerDay', spec => spec.limits.directRoomsPerDay],
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
  'limits.bumpRooms': ['bumpRooms', spec => spec.limits.bumpRooms],
  'limits.featureLagMilliseconds': ['featureLagMs', spec => spec.limits.featureLagMilliseconds],
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

type Key = Omit<SecretRef, 'env'>;
/** An option and the key of a Secret that it comes from; undefined where the spec names none. */
type SecretRow = readonly [OptionName, (spec: ChatClusterSpec) => Key | undefined];

/** Required keys, in the order in which pods name them. */
const SECRETS: readonly SecretRow[] = [
  ['mongodbUri', ({ mongodb }) => mongodb.uriSecretRef],
  ['natsUser', ({ nats: { credentialsSecretRef: ref } }) => ref && { name: ref.name, key: ref.userKey }],
  ['natsPassword', ({ nats: { credentialsSecretRef: ref } }) => ref && { name: ref.name, key: ref.passwordKey }],
  ['authSecret', ({ auth }) => auth.secretRef],
];
/** Keys that may be missing. */
const OPTIONAL_SECRETS: readonly SecretRow[] = [
  ['authPreviousSecret', ({ auth: { secretRef: ref } }) => ({ name: ref.name, key: `${ref.key}-previous` })],
];

function refsOf(rows: readonly SecretRow[], spec: ChatClusterSpec, component: Component): SecretRef[] {
  return rows.flatMap(([option, keyIn]) => {
    const { env, for: components }: Option = OPTIONS[option];
    const ref = components.includes(component) ? keyIn(spec) : undefined;
    return ref ? [{ env, name: ref.name, key: ref.key }] : [];
  });
}

/**
 * Options that the pods of a component take from a ConfigMap while they run. Each of the others needs a new pod. A worker
 * reloads its Secrets alone.
 */
const RELOADABLE: Readonly<Record<Component, ReadonlySet<OptionName>>> = {
  gateway: new Set(RELOADABLE_OPTIONS.gateway),
  worker: new Set(),
};

type Values = readonly (readonly [OptionName, string])[];

/** Values of the fields for the options of one component, without empty ones. */
function fieldValues(spec: ChatClusterSpec, component: Component): Values {
  const rows: readonly (readonly [OptionName, Read])[] = [
    ['logLevel', () => spec[component].logLevel.toLowerCase()],
    ...Object.values(FIELDS),
  ];
  return rows
    .filter(([option]) => (OPTIONS[option] as Option).for.includes(component))
    .map(([option, read]) => [option, String(read(spec))] as const)
    .filter(([, value]) => value !== '');
}

/** Variables of `values`, sorted by name. */
function envOf(values: Values): Record<string, string> {
  const rows = values.map(([option, value]) => [OPTIONS[option].env, value] as const);
  return Object.fromEntries([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Values that were the default of every image once, and still count as not set in a revision: else its pods would roll. */
const FORMER_DEFAULTS: Partial<Record<OptionName, string>> = { streamReplicas: '1' };

/** True unless it is the default. A default is never written: an image that does not know the option yet must be able to start. */
function isChosen([option, value]: Values[number]): boolean {
  const row: Option = OPTIONS[option];
  return (FORMER_DEFAULTS[option] ?? String(row.default ?? '')) !== value;
}

/** Options of one component as one version of a spec sets them. Nothing in it may be changed: it is shared. */
interface ComponentOptions {
  /** Every value, defaults too. */
  readonly values: Values;
  /** Chosen values that the process reads at its start alone. */
  readonly start: Values;
  readonly startEnv: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretRef[];
  readonly optionalSecrets: readonly SecretRef[];
  /** Chosen values that it reloads, by variable, and their version. */
  readonly reloadable: Readonly<Record<string, string>>;
}

function make(spec: ChatClusterSpec, component: Component): ComponentOptions {
  const values = fieldValues(spec, component);
  const chosen = values.filter(isChosen);
  const start = chosen.filter(([option]) => !RELOADABLE[component].has(option));
  const reloadable = envOf(chosen.filter(([option]) => RELOADABLE[component].has(option)));
  return {
    values,
    start,
    startEnv: envOf(start),
    secrets: refsOf(SECRETS, spec, component),
    optionalSecrets: refsOf(OPTIONAL_SECRETS, spec, component),
    reloadable: { ...reloadable, [SETTINGS_FILES.version]: hashOf(reloadable) },
  };
}

/** Options by spec: an object from the caches never changes, and each pass asks for them several times. */
const KNOWN = new WeakMap<ChatClusterSpec, { [C in Component]?: ComponentOptions }>();

function optionsOf(spec: ChatClusterSpec, component: Component): ComponentOptions {
  const known = KNOWN.get(spec) ?? {};
  known[component] ??= make(spec, component);
  KNOWN.set(spec, known);
  return known[component];
}

/** Keys of Secrets that the processes of a component need. */
export function secretRefs(spec: ChatClusterSpec, component: Component): readonly SecretRef[] {
  return optionsOf(spec, component).secrets;
}

/** Keys that may be missing: files of the volume alone, because a variable could not be taken away from a running process. */
export function optionalSecretRefs(spec: ChatClusterSpec, component: Component): readonly SecretRef[] {
  return optionsOf(spec, component).optionalSecrets;
}

/** Chosen values of the options that a process reads at its start alone: all of a worker's, a gateway's that need a new pod. */
export function startValues(spec: ChatClusterSpec, component: Component): Values {
  return optionsOf(spec, component).start;
}

/** The variables of {@link startValues}, sorted by name. */
export function startEnv({ spec }: ChatCluster, component: Component): Readonly<Record<string, string>> {
  return optionsOf(spec, component).startEnv;
}

/** The variables of the one ConfigMap of all workers. @param there variables that it has: they stay although at their default */
export function sharedWorkerEnv(cluster: ChatCluster, there: ReadonlySet<string>): Record<string, string> {
  const { values } = optionsOf(cluster.spec, 'worker');
  const stay = envOf(values.filter(row => isChosen(row) || there.has(OPTIONS[row[0]].env)));
  const instance = [OPTIONS.instance.env, instanceOf(cluster)] as const;
  return Object.fromEntries([...Object.entries(stay), instance].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Data of the ConfigMap that running gateways follow. The default of an option counts where it is not in it. */
export function reloadableOptions({ spec }: ChatCluster): Readonly<Record<string, string>> {
  return optionsOf(spec, 'gateway').reloadable;
}

/** The first 16 hexadecimal digits of the SHA-256 of `value` as JSON: the order of keys counts. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
