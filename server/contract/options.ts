/**
 * All options of the server processes: each row gives the variable, bounds, default and effect of one option.
 * `settings/config.ts` reads them from the environment, the operator sets them there, `docs/configuration.md` is generated.
 */

import { INSTANCE_PATTERN } from './instance.ts';
import { rangesProblem } from './ranges.ts';
import { rulesProblem } from './room-kind-fields.ts';

/** Process that reads an option. */
export type Process = 'gateway' | 'worker';

interface Common {
  /** Environment variable, and name of the file for a {@link reload}able option. */
  readonly env: string;
  /** Processes that read it. */
  readonly for: readonly Process[];
  /** Effect, as `docs/configuration.md` shows it. */
  readonly help: string;
  /** True if values come from a Secret and must not be logged. */
  readonly secret?: boolean;
  /** True if a running process takes new values, from a file of the directory {@link OPTIONS.liveDir}. */
  readonly reload?: boolean;
}
/** Whole number from `min` to `max`, both included. */
export interface IntegerOption extends Common {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** True if 0, the default, lets the process choose. An empty variable means 0, to earlier releases too. */
  readonly automatic?: true;
}
/** Text; required if it has no `default`. An empty value counts as not set. */
export interface TextOption extends Common {
  readonly kind: 'text';
  readonly default?: string;
  readonly pattern?: RegExp;
  /** Checks a value: its problem, or null. */
  readonly problem?: (value: string) => string | null;
  readonly minLength?: number;
  /** True if one trailing line break is removed: editors and `echo` leave one in a Secret. */
  readonly oneLine?: boolean;
}
/** One of `choices`. */
export interface ChoiceOption<C extends string = string> extends Common {
  readonly kind: 'choice';
  readonly choices: readonly C[];
  readonly default: C;
}
export type Option = IntegerOption | TextOption | ChoiceOption;

const both = ['gateway', 'worker'] as const;
const gateway = ['gateway'] as const;
const worker = ['worker'] as const;
const MIB = 1024 * 1024;
/** Seconds that LIVE keeps a message. */
export const LIVE_AGE_SECONDS = 300;

const integer = (
  env: string,
  where: readonly Process[],
  preset: number,
  min: number,
  max: number,
  help: string,
): IntegerOption => ({ kind: 'integer', env, for: where, default: preset, min, max, help });
const choice = <C extends string>(
  env: string,
  where: readonly Process[],
  choices: readonly C[],
  preset: NoInfer<C>,
  help: string,
): ChoiceOption<C> => ({ kind: 'choice', env, for: where, choices, default: preset, help });

/** Marks an option as {@link Common.reload}able. */
const reloadable = <O extends Option>(option: O) => ({ ...option, reload: true }) as const;

/** All options by name. The order is that of `docs/configuration.md`. */
export const OPTIONS = {
  instance: {
    kind: 'text',
    env: 'CHAT_INSTANCE',
    for: both,
    pattern: INSTANCE_PATTERN,
    help: 'Name that keeps the streams, subjects and database of this ChatCluster apart from others on the same NATS and MongoDB.',
  },
  processName: {
    kind: 'text',
    env: 'CHAT_PROCESS_NAME',
    for: both,
    pattern: /^[A-Za-z0-9][-A-Za-z0-9.]{0,252}$/,
    default: '',
    help: 'Name of this process in logs, presence and the load endpoint. Default: the host name, which is the pod name.',
  },
  logLevel: reloadable(
    choice('CHAT_LOG_LEVEL', both, ['debug', 'info', 'warn', 'error'], 'info', 'Least severe level that is logged.'),
  ),
  adminPort: integer(
    'CHAT_ADMIN_PORT',
    both,
    9090,
    0,
    65535,
    'Port of health, metrics and load; 0 takes any free port.',
  ),
  natsUrl: {
    kind: 'text',
    env: 'CHAT_NATS_URL',
    for: both,
    minLength: 1,
    help: 'NATS servers, comma separated, for example nats://nats:4222.',
  },
  natsUser: {
    kind: 'text',
    env: 'CHAT_NATS_USER',
    for: both,
    reload: true,
    default: '',
    secret: true,
    oneLine: true,
    help: 'User for NATS; empty for none.',
  },
  natsPassword: {
    kind: 'text',
    env: 'CHAT_NATS_PASSWORD',
    for: both,
    reload: true,
    default: '',
    secret: true,
    oneLine: true,
    help: 'Password for NATS; empty for none.',
  },
  mongodbUri: {
    kind: 'text',
    env: 'CHAT_MONGODB_URI',
    for: both,
    reload: true,
    minLength: 1,
    secret: true,
    oneLine: true,
    help: 'MongoDB connection string. The database is named after the instance, not after the path in the string.',
  },
  partitions: integer(
    'CHAT_PARTITIONS',
    both,
    4,
    1,
    64,
    'Stream pairs the rooms are spread over. Cannot change while messages are kept.',
  ),

  liveDir: {
    kind: 'text',
    env: 'CHAT_LIVE_DIR',
    for: both,
    default: '',
    help: 'Directory with a file for each reloadable option, named after its variable, whose content wins over the variable; empty for none. Read at the start and every 500 ms. A gateway reads the pod annotations there too, with which the operator drains it.',
  },
  port: integer(
    'CHAT_PORT',
    gateway,
    8080,
    0,
    65535,
    'Port for clients, on every IPv6 and IPv4 address; 0 takes any free port.',
  ),
  authSecret: {
    kind: 'text',
    env: 'CHAT_AUTH_SECRET',
    for: gateway,
    reload: true,
    minLength: 32,
    secret: true,
    help: 'Secret that signs the HS256 tokens, at least 32 characters.',
  },
  authPreviousSecret: {
    kind: 'text',
    env: 'CHAT_AUTH_PREVIOUS_SECRET',
    for: gateway,
    reload: true,
    default: '',
    minLength: 32,
    secret: true,
    help: 'Previous signing secret: tokens signed with it are accepted while it is set. Empty for none.',
  },
  authSecretGraceSeconds: reloadable(
    integer(
      'CHAT_AUTH_SECRET_GRACE_SECONDS',
      gateway,
      3_600,
      0,
      30 * 86_400,
      'Seconds for which a running gateway still accepts tokens signed with a secret that was replaced; 0 refuses them at once. A gateway that starts later does not know the old secret: set CHAT_AUTH_PREVIOUS_SECRET for it.',
    ),
  ),
  authClockToleranceSeconds: reloadable(
    integer(
      'CHAT_AUTH_CLOCK_TOLERANCE_SECONDS',
      gateway,
      5,
      0,
      300,
      'Seconds by which the clocks of the token issuer and of a gateway may differ: a token is accepted from so long before its nbf until so long after its exp.',
    ),
  ),
  authIssuer: {
    kind: 'text',
    env: 'CHAT_AUTH_ISSUER',
    for: gateway,
    reload: true,
    default: '',
    help: 'Required value of the claim iss; empty: not checked.',
  },
  authAudience: {
    kind: 'text',
    env: 'CHAT_AUTH_AUDIENCE',
    for: gateway,
    reload: true,
    default: '',
    help: 'Required value of the claim aud; empty: not checked.',
  },
  allowedOrigins: {
    kind: 'text',
    env: 'CHAT_ALLOWED_ORIGINS',
    for: gateway,
    reload: true,
    default: '*',
    help: 'Origins that browsers may connect from, comma separated; * allows all. Requests without an Origin header are allowed.',
  },
  roomKinds: {
    kind: 'text',
    env: 'CHAT_ROOM_KINDS',
    for: gateway,
    reload: true,
    default: 'channel=Open',
    pattern: /^([a-z][a-z0-9]{0,31}=(Open|Claim)(\/Publish(Enabled|Disabled))?(,|$))*$/,
    help: 'Kinds of rooms and who may use them, comma separated. Open: every signed-in user. Claim: users whose token lists the room (or kind:*) in the claim rooms. The protocol’s bare publish can be opened or closed after it, for example channel=Open/PublishDisabled; the default is open in Open kinds and closed in Claim kinds. Kinds with members are in CHAT_ROOM_RULES.',
  },
  roomRules: {
    kind: 'text',
    env: 'CHAT_ROOM_RULES',
    for: gateway,
    reload: true,
    default: '',
    problem: rulesProblem,
    help: 'Rules of kinds of rooms as JSON: an object with a kind for each name, its fields as in spec.rooms.kinds of a ChatCluster, for example {"group":{"maxMembers":50,"limits":{"editSeconds":900}}}. A field wins over CHAT_ROOM_KINDS. Kinds and defaults: docs/rooms.md.',
  },
  devSignIn: choice(
    'CHAT_DEV_SIGN_IN',
    gateway,
    ['Enabled', 'Disabled'],
    'Disabled',
    'POST /dev/token returns a token for any user name, without a check. For development only.',
  ),
  webPage: reloadable(
    choice('CHAT_WEB_PAGE', gateway, ['Enabled', 'Disabled'], 'Disabled', 'Serves the chat page on the client port.'),
  ),

  userSearch: reloadable(
    choice(
      'CHAT_USER_SEARCH',
      gateway,
      ['Everyone', 'Exact'],
      'Everyone',
      'Users whom user.search finds. Everyone: by words of their names, and by the exact id. Exact: by the exact id alone.',
    ),
  ),

  maxConnections: reloadable(
    integer(
      'CHAT_MAX_CONNECTIONS',
      gateway,
      15_000,
      1,
      1_000_000,
      'Connections a gateway accepts; more are refused with HTTP 503. Needs 256 more open files than this (ulimit -n): with fewer, the gateway accepts as many connections as fit and logs an error.',
    ),
  ),
  connectsPerSecond: reloadable(
    integer(
      'CHAT_CONNECTS_PER_SECOND',
      gateway,
      500,
      1,
      100_000,
      'New connections a gateway accepts per second, with a burst of one second; more are refused with HTTP 503.',
    ),
  ),
  connectsPerSecondPerAddress: reloadable(
    integer(
      'CHAT_CONNECTS_PER_SECOND_PER_ADDRESS',
      gateway,
      50,
      1,
      100_000,
      'New connections per second that are guaranteed to each client address (IPv6: each /64). Above it an address may use the unused rest of CHAT_CONNECTS_PER_SECOND; further connections are refused with HTTP 429.',
    ),
  ),
  trustedProxies: {
    kind: 'text',
    env: 'CHAT_TRUSTED_PROXIES',
    for: gateway,
    reload: true,
    default: 'none',
    problem: rangesProblem,
    help: 'Proxies whose X-Forwarded-For is believed, in CIDR notation, comma separated, or none: the client is the last address in it that is not one of these proxies. Without them all clients behind a proxy share its address.',
  },
  maxUnsignedConnections: reloadable(
    integer(
      'CHAT_MAX_UNSIGNED_CONNECTIONS',
      gateway,
      2_000,
      1,
      1_000_000,
      'Connections that have not signed in yet; above it the oldest of them is closed with 3013, so that they cannot fill a gateway.',
    ),
  ),
  maxFrameBytes: integer(
    'CHAT_MAX_FRAME_BYTES',
    gateway,
    65_536,
    1_024,
    16 * MIB,
    'Largest command from a client; a larger one answers 107. A frame of several commands may be larger, by 1 KiB for each of CHAT_MAX_SUBSCRIPTIONS.',
  ),
  maxMessageBytes: reloadable(
    integer(
      'CHAT_MAX_MESSAGE_BYTES',
      gateway,
      32_768,
      64,
      MIB,
      'Largest body of one message, in bytes of UTF-8; a larger one answers 107.',
    ),
  ),
  maxSubscriptions: reloadable(
    integer(
      'CHAT_MAX_SUBSCRIPTIONS',
      gateway,
      128,
      1,
      10_000,
      'Rooms a connection may subscribe to; more answer 106. The inbox of its user does not count.',
    ),
  ),
  commandsPerSecond: reloadable(
    integer(
      'CHAT_COMMANDS_PER_SECOND',
      gateway,
      100,
      1,
      1_000_000,
      'Commands a connection may send per second; more answer 111.',
    ),
  ),
  commandBurst: reloadable(
    integer(
      'CHAT_COMMAND_BURST',
      gateway,
      1_500,
      1,
      1_000_000,
      'Commands a connection may send at once before the rate applies; never fewer than CHAT_MAX_SUBSCRIPTIONS.',
    ),
  ),
  lookUpsPerUser: reloadable(
    integer(
      'CHAT_LOOK_UPS_PER_USER',
      gateway,
      16,
      1,
      10_000,
      'Look-ups in MongoDB that a gateway runs at the same time for one user, of message ids older than the deduplication window; more answer 111.',
    ),
  ),
  maxConnectionsPerUser: reloadable(
    integer(
      'CHAT_MAX_CONNECTIONS_PER_USER',
      gateway,
      100,
      1,
      1_000_000,
      'Connections one user may have to a gateway; a further connect answers the temporary error 111.',
    ),
  ),
  publishedBytesPerSecondPerUser: reloadable(
    integer(
      'CHAT_PUBLISHED_BYTES_PER_SECOND_PER_USER',
      gateway,
      MIB,
      1_024,
      1024 * MIB,
      'Bytes of messages one user may publish per second on a gateway, with a burst of ten seconds; more answer 111.',
    ),
  ),
  messagesPerSecondPerRoom: reloadable(
    integer(
      'CHAT_MESSAGES_PER_SECOND_PER_ROOM',
      gateway,
      200,
      1,
      1_000_000,
      'Messages a gateway takes into one room per second, with a burst of ten seconds; more answer 111.',
    ),
  ),
  roomsOpenedPerSecondPerUser: reloadable(
    integer(
      'CHAT_ROOMS_OPENED_PER_SECOND_PER_USER',
      gateway,
      100,
      1,
      1_000_000,
      'Rooms that one user may open per second on a gateway by subscribing first, with a burst of ten seconds; more answer 111. Each costs a NATS subscription and two requests.',
    ),
  ),
  maxFriends: reloadable(
    integer(
      'CHAT_MAX_FRIENDS',
      gateway,
      5_000,
      1,
      1_000_000,
      'Friends and own friend requests of one user; more answer 106. They are counted in MongoDB, within seconds, and not while it is away.',
    ),
  ),
  maxBlocks: reloadable(
    integer(
      'CHAT_MAX_BLOCKS',
      gateway,
      1_000,
      1,
      1_000_000,
      'Users whom one user may block; more answer 106. They are counted as friends are.',
    ),
  ),
  friendRequestsPerDay: reloadable(
    integer(
      'CHAT_FRIEND_REQUESTS_PER_DAY',
      gateway,
      20,
      0,
      1_000_000,
      'Friend requests that one user may make on one day (UTC) to users who have not asked; more answer 106. Answers to requests do not count.',
    ),
  ),
  directRoomsPerDay: reloadable(
    integer(
      'CHAT_DIRECT_ROOMS_PER_DAY',
      gateway,
      20,
      0,
      1_000_000,
      'Rooms of two that one user may make on one day (UTC) with users who are not friends; more answer 106. With 0 only friends begin to write to each other.',
    ),
  ),
  sendBufferBytes: integer(
    'CHAT_SEND_BUFFER_BYTES',
    gateway,
    MIB,
    65_536,
    256 * MIB,
    'Bytes that may wait to be sent to one connection; above it the reader is too slow: it is closed with 3008 and recovers.',
  ),
  sendBufferTotalBytes: reloadable(
    integer(
      'CHAT_SEND_BUFFER_TOTAL_BYTES',
      gateway,
      256 * MIB,
      MIB,
      64 * 1024 * MIB,
      'Bytes that may wait for all connections together: in buffers and queues, sent but not yet acknowledged, in sockets that are closing and in pages being read. Above it the connections with the most are cut without a close code; they reconnect and recover.',
    ),
  ),
  tailBytes: reloadable(
    integer(
      'CHAT_TAIL_BYTES',
      gateway,
      64 * MIB,
      0,
      64 * 1024 * MIB,
      'Memory for the last messages of the rooms a gateway serves, from which reconnects recover first.',
    ),
  ),
  tailMessages: reloadable(
    integer('CHAT_TAIL_MESSAGES', gateway, 128, 1, 10_000, 'Last messages kept in memory for one room.'),
  ),
  recoveryLimit: reloadable(
    integer(
      'CHAT_RECOVERY_LIMIT',
      gateway,
      10_000,
      1,
      1_000_000,
      'Most messages a reconnect recovers; beyond it the answer is recovered: false and the client pages.',
    ),
  ),
  recoveryChunk: reloadable(
    integer('CHAT_RECOVERY_CHUNK', gateway, 100, 1, 1_000, 'Messages read and sent at once while a client recovers.'),
  ),
  recoveriesPerConnection: reloadable(
    integer(
      'CHAT_RECOVERIES_PER_CONNECTION',
      gateway,
      2,
      1,
      100,
      'Rooms of one connection whose missed messages are read at the same time; the other rooms wait and buffer no messages.',
    ),
  ),
  historyLimit: reloadable(
    integer('CHAT_HISTORY_LIMIT', gateway, 300, 1, 1_000, 'Most messages one history command returns.'),
  ),
  presenceLimit: reloadable(
    integer(
      'CHAT_PRESENCE_LIMIT',
      gateway,
      1_000,
      0,
      10_000,
      'Connections of a room above which presence answers 106 instead of listing them; presence_stats counts rooms of any size.',
    ),
  ),
  joinLeaveLimit: reloadable(
    integer(
      'CHAT_JOIN_LEAVE_LIMIT',
      gateway,
      200,
      0,
      10_000,
      'Connections of a room above which its subscribers get no joins and leaves, until it has shrunk to 80 % of this.',
    ),
  ),
  bumpRooms: reloadable(
    integer(
      'CHAT_BUMP_ROOMS',
      gateway,
      500_000,
      0,
      10_000_000,
      'Rooms that a gateway follows for hints of new messages, each counted once for each of its connected users who ask for them; rooms above it get none. 0: no hints.',
    ),
  ),
  featureLagMs: reloadable(
    integer(
      'CHAT_FEATURE_LAG_MS',
      gateway,
      200,
      0,
      10_000,
      'Mean lag of the event loop, in milliseconds, above which a gateway leaves out typing, then states of users, receipts, hints of new messages, and joins and leaves; 0: never. Messages are never left out.',
    ),
  ),
  pingSeconds: reloadable(integer('CHAT_PING_SECONDS', gateway, 25, 1, 600, 'Seconds between heartbeats to a client.')),
  pongSeconds: reloadable(
    integer(
      'CHAT_PONG_SECONDS',
      gateway,
      8,
      1,
      600,
      'Seconds a client has to answer a heartbeat before it is closed with 3012.',
    ),
  ),
  connectSeconds: reloadable(
    integer(
      'CHAT_CONNECT_SECONDS',
      gateway,
      10,
      1,
      600,
      'Seconds a socket may take to send connect before it is closed with 3502.',
    ),
  ),
  expiryGraceSeconds: reloadable(
    integer(
      'CHAT_EXPIRY_GRACE_SECONDS',
      gateway,
      25,
      0,
      3_600,
      'Seconds after the expiry of a token in which it may be refreshed; then the connection is closed with 3005.',
    ),
  ),
  roomLingerSeconds: reloadable(
    integer(
      'CHAT_ROOM_LINGER_SECONDS',
      gateway,
      30,
      0,
      3_600,
      'Seconds a gateway still follows a room after its last member left, so that clients that come back recover from memory.',
    ),
  ),
  publishTimeoutMs: reloadable(
    integer(
      'CHAT_PUBLISH_TIMEOUT_MS',
      gateway,
      3_000,
      100,
      4_500,
      'Milliseconds JetStream has to acknowledge a message; then the publish answers a temporary error. Clients give up after 5 s.',
    ),
  ),
  recheckSeconds: reloadable(
    integer(
      'CHAT_RECHECK_SECONDS',
      gateway,
      15,
      1,
      LIVE_AGE_SECONDS - 1, // LIVE keeps messages longer than a round; otherwise each first message of a round would cost a read
      'Seconds between comparisons of each watched room with its stream: a live message that was lost arrives at most this late.',
    ),
  ),
  drainSeconds: integer(
    'CHAT_DRAIN_SECONDS',
    gateway,
    20,
    1,
    3_600,
    'Seconds over which a stopping gateway closes its connections in waves.',
  ),
  drainDelaySeconds: integer(
    'CHAT_DRAIN_DELAY_SECONDS',
    gateway,
    3,
    0,
    600,
    'Seconds between NotReady and the first close, so that load balancers have stopped choosing this gateway by then.',
  ),

  specVersion: {
    kind: 'text',
    env: 'CHAT_SPEC_VERSION',
    for: worker,
    default: '',
    pattern: /^(\d{1,15}\.\d{1,10})?$/,
    help: 'Version of the ChatCluster that this process runs: its creation in milliseconds and its generation, such as 1767225600000.3; set by the operator. If workers have different options, the newest decides the settings of the streams. Empty counts as oldest.',
  },
  streamReplicas: {
    ...integer(
      'CHAT_STREAM_REPLICAS',
      worker,
      0,
      0,
      5,
      'NATS servers that keep each stream: 1, 3 or 5. 0 means 3 if NATS has three servers with JetStream and space, else 1; a stream with 1 gets 3 when NATS has grown, and no stream ever gets fewer.',
    ),
    automatic: true,
  },
  streamMaxBytes: integer(
    'CHAT_STREAM_MAX_BYTES',
    worker,
    1024 * MIB,
    MIB,
    1024 * 1024 * MIB,
    'Bytes of one LOG stream. It fills while MongoDB does not answer, and if it cannot hold the messages of CHAT_DEDUPE_SECONDS; when it is full, publishes answer a temporary error.',
  ),
  hotWindowSeconds: integer(
    'CHAT_HOT_WINDOW_SECONDS',
    worker,
    3_600,
    0,
    30 * 86_400,
    'Seconds that messages stay in the LOG stream although MongoDB has them: recovery and history read them without MongoDB. Never less than CHAT_DEDUPE_SECONDS, so that NATS knows recent ids after a restart. Above 70 % of CHAT_STREAM_MAX_BYTES the oldest are removed earlier, but not within CHAT_DEDUPE_SECONDS.',
  ),
  liveMaxBytes: integer(
    'CHAT_LIVE_MAX_BYTES',
    worker,
    128 * MIB,
    MIB,
    512 * MIB,
    'Bytes of one LIVE stream, which only feeds live delivery.',
  ),
  dedupeSeconds: integer(
    'CHAT_DEDUPE_SECONDS',
    both,
    120,
    10,
    3_600,
    'Seconds in which JetStream itself recognises a repeated message id, at about 160 bytes of NATS memory per id. Older ids are looked up in MongoDB.',
  ),
  ackWaitSeconds: integer(
    'CHAT_ACK_WAIT_SECONDS',
    worker,
    30,
    1,
    3_600,
    'Seconds after which a message that was not stored is delivered to a worker again.',
  ),
  storeBatch: integer('CHAT_STORE_BATCH', worker, 500, 1, 10_000, 'Most messages written to MongoDB at once.'),
  storeDelayMs: integer(
    'CHAT_STORE_DELAY_MS',
    worker,
    50,
    0,
    10_000,
    'Milliseconds a message waits at most for its batch to fill.',
  ),
  lastRooms: integer(
    'CHAT_LAST_ROOMS',
    worker,
    1_000_000,
    1_000,
    100_000_000,
    'Rooms of a partition of which NATS keeps a digest in the stream LAST: offsets of the last entry and of the last message, and recent deletes, without texts. A digest outlives the messages in LOG and takes about 150 bytes of disk on each server. Above it the rooms quiet for longest are dropped: when a client comes back to such a room, the gateway reads MongoDB to see what it missed, and a list of rooms reads the last message of such a room by itself.',
  ),
  marksKept: integer(
    'CHAT_MARKS_KEPT',
    worker,
    1_000_000,
    1_000,
    100_000_000,
    'Marks that NATS keeps in the stream MARKS: how far one user has read one room. Each takes about 150 bytes of disk on each server. Above it those not written for longest are removed once MongoDB has them: for a list with such a room the gateway reads MongoDB.',
  ),
  purgeSeconds: integer(
    'CHAT_PURGE_SECONDS',
    worker,
    30,
    1,
    3_600,
    'Seconds between removals of stored messages from the LOG streams.',
  ),
} as const satisfies Record<string, Option>;

/** Name of an option in code. */
export type OptionName = keyof typeof OPTIONS;

const rows = Object.entries(OPTIONS) as [OptionName, Option][];
const reloadableOf = (process: Process) =>
  rows.filter(([, option]) => option.reload === true && option.for.includes(process)).map(([name]) => name);

/** Names of the options that a running process reloads. A change of any other option needs a new process. */
export const RELOADABLE_OPTIONS: Readonly<Record<Process, readonly OptionName[]>> = {
  gateway: reloadableOf('gateway'),
  worker: reloadableOf('worker'),
};
