/**
 * Every option of the server processes: one row names its variable, bounds, default and effect.
 * `config.ts` reads the rows, the operator writes them, `docs/configuration.md` is generated from them.
 */

import { INSTANCE_PATTERN } from './instance.ts';
import { rangesProblem } from './ranges.ts';

export type Process = 'gateway' | 'worker';

interface Common {
  readonly env: string;
  readonly for: readonly Process[];
  readonly help: string;
  /** True for values that must come from a Secret and never reach a log. */
  readonly secret?: boolean;
  /** True for what a process also reads from {@link OPTIONS.liveDir} while it runs. */
  readonly live?: boolean;
}
export interface IntegerOption extends Common {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** True where the default, 0, leaves it to the process. An empty variable says the same, also to earlier releases. */
  readonly automatic?: true;
}
export interface TextOption extends Common {
  readonly kind: 'text';
  readonly default?: string;
  readonly pattern?: RegExp;
  /** Fault of a value, or null. */
  readonly problem?: (value: string) => string | null;
  readonly minLength?: number;
  /** True where a line break at the end is none of the value: editors and `echo` leave one in a Secret. */
  readonly oneLine?: boolean;
}
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
/** Seconds for which LIVE, the stream of live delivery, holds a message. */
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

const live = <O extends Option>(option: O) => ({ ...option, live: true }) as const;

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
  logLevel: live(
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
    live: true,
    default: '',
    secret: true,
    oneLine: true,
    help: 'User for NATS; empty for none.',
  },
  natsPassword: {
    kind: 'text',
    env: 'CHAT_NATS_PASSWORD',
    for: both,
    live: true,
    default: '',
    secret: true,
    oneLine: true,
    help: 'Password for NATS; empty for none.',
  },
  mongodbUri: {
    kind: 'text',
    env: 'CHAT_MONGODB_URI',
    for: both,
    live: true,
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
    help: 'Directory with a file for each live option, named after its variable, whose content wins over the variable; empty for none. Read at the start and every 500 ms, by a gateway together with the pod annotations that ask for a drain.',
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
    live: true,
    minLength: 32,
    secret: true,
    help: 'Secret that signs the HS256 tokens, at least 32 characters.',
  },
  authPreviousSecret: {
    kind: 'text',
    env: 'CHAT_AUTH_PREVIOUS_SECRET',
    for: gateway,
    live: true,
    default: '',
    minLength: 32,
    secret: true,
    help: 'Secret that signed the tokens before; those still count while it is here. Empty for none.',
  },
  authSecretGraceSeconds: live(
    integer(
      'CHAT_AUTH_SECRET_GRACE_SECONDS',
      gateway,
      3_600,
      0,
      30 * 86_400,
      'Seconds for which tokens signed with a secret that was replaced while the gateway runs still count; 0 refuses them at once. A gateway that starts later does not know it: for those there is CHAT_AUTH_PREVIOUS_SECRET.',
    ),
  ),
  authClockToleranceSeconds: live(
    integer(
      'CHAT_AUTH_CLOCK_TOLERANCE_SECONDS',
      gateway,
      5,
      0,
      300,
      'Seconds by which the clock of whoever signs tokens and that of a gateway may differ: so much before its nbf and after its exp a token still lets in.',
    ),
  ),
  authIssuer: {
    kind: 'text',
    env: 'CHAT_AUTH_ISSUER',
    for: gateway,
    live: true,
    default: '',
    help: 'Required value of the claim iss; empty: not checked.',
  },
  authAudience: {
    kind: 'text',
    env: 'CHAT_AUTH_AUDIENCE',
    for: gateway,
    live: true,
    default: '',
    help: 'Required value of the claim aud; empty: not checked.',
  },
  allowedOrigins: {
    kind: 'text',
    env: 'CHAT_ALLOWED_ORIGINS',
    for: gateway,
    live: true,
    default: '*',
    help: 'Origins that browsers may connect from, comma separated; * allows all. Requests without an Origin header are allowed.',
  },
  roomKinds: {
    kind: 'text',
    env: 'CHAT_ROOM_KINDS',
    for: gateway,
    live: true,
    default: 'channel=Open',
    pattern: /^([a-z][a-z0-9]{0,31}=(Open|Claim)(\/Publish(Enabled|Disabled))?(,|$))*$/,
    help: 'Kinds of rooms and who may use them, comma separated. Open: every signed-in user. Claim: users whose token lists the room (or kind:*) in the claim rooms. Whether the protocol’s bare publish is open may follow, for example channel=Open/PublishDisabled; without it, it is in Open kinds and is not in Claim kinds. message.send is always open to who may use the room.',
  },
  devSignIn: choice(
    'CHAT_DEV_SIGN_IN',
    gateway,
    ['Enabled', 'Disabled'],
    'Disabled',
    'POST /dev/token gives a token to anyone who names a user. For development only.',
  ),
  webPage: live(
    choice('CHAT_WEB_PAGE', gateway, ['Enabled', 'Disabled'], 'Disabled', 'Serves the chat page on the client port.'),
  ),

  maxConnections: live(
    integer(
      'CHAT_MAX_CONNECTIONS',
      gateway,
      15_000,
      1,
      1_000_000,
      'Connections a gateway accepts; more are refused with HTTP 503. Needs 256 more open files than this (ulimit -n): with fewer it accepts what fits, and logs an error.',
    ),
  ),
  connectsPerSecond: live(
    integer(
      'CHAT_CONNECTS_PER_SECOND',
      gateway,
      500,
      1,
      100_000,
      'New connections a gateway accepts a second, with a burst of one second; more are refused with HTTP 503.',
    ),
  ),
  connectsPerSecondPerAddress: live(
    integer(
      'CHAT_CONNECTS_PER_SECOND_PER_ADDRESS',
      gateway,
      50,
      1,
      100_000,
      'New connections a second that every client address (of IPv6: a /64) is sure of. Above it an address gets what others leave of CHAT_CONNECTS_PER_SECOND, all of it if no other comes; what it does not get is refused with HTTP 429.',
    ),
  ),
  trustedProxies: {
    kind: 'text',
    env: 'CHAT_TRUSTED_PROXIES',
    for: gateway,
    live: true,
    default: 'none',
    problem: rangesProblem,
    help: 'Proxies whose X-Forwarded-For is believed, in CIDR notation, comma separated, or none: the client is the last address in it that is no proxy of these. Without it all clients behind a proxy share its address.',
  },
  maxUnsignedConnections: live(
    integer(
      'CHAT_MAX_UNSIGNED_CONNECTIONS',
      gateway,
      2_000,
      1,
      1_000_000,
      'Connections that have not signed in yet; above it the one that waits longest is closed with 3013, so that those never fill a gateway.',
    ),
  ),
  maxFrameBytes: integer(
    'CHAT_MAX_FRAME_BYTES',
    gateway,
    65_536,
    1_024,
    16 * MIB,
    'Largest command from a client; a larger one answers 107. A frame of several may have 1 KiB more for each of CHAT_MAX_SUBSCRIPTIONS.',
  ),
  maxMessageBytes: live(
    integer(
      'CHAT_MAX_MESSAGE_BYTES',
      gateway,
      32_768,
      64,
      MIB,
      'Largest body of one message, in bytes of UTF-8; a larger one answers 107.',
    ),
  ),
  maxSubscriptions: live(
    integer(
      'CHAT_MAX_SUBSCRIPTIONS',
      gateway,
      128,
      1,
      10_000,
      'Rooms a connection may subscribe to; more answer 106. The inbox of its user does not count.',
    ),
  ),
  commandsPerSecond: live(
    integer(
      'CHAT_COMMANDS_PER_SECOND',
      gateway,
      100,
      1,
      1_000_000,
      'Commands a connection may send a second; more answer 111.',
    ),
  ),
  commandBurst: live(
    integer(
      'CHAT_COMMAND_BURST',
      gateway,
      1_500,
      1,
      1_000_000,
      'Commands a connection may send at once before the rate applies; never fewer than CHAT_MAX_SUBSCRIPTIONS.',
    ),
  ),
  lookUpsPerUser: live(
    integer(
      'CHAT_LOOK_UPS_PER_USER',
      gateway,
      16,
      1,
      10_000,
      'Ids too old for the deduplication window that a gateway looks up in MongoDB at the same time for one user; more answer 111.',
    ),
  ),
  maxConnectionsPerUser: live(
    integer(
      'CHAT_MAX_CONNECTIONS_PER_USER',
      gateway,
      100,
      1,
      1_000_000,
      'Connections of one user to a gateway; the connect of another is answered with the temporary error 111.',
    ),
  ),
  publishedBytesPerSecondPerUser: live(
    integer(
      'CHAT_PUBLISHED_BYTES_PER_SECOND_PER_USER',
      gateway,
      MIB,
      1_024,
      1024 * MIB,
      'Bytes of messages one user may publish a second on a gateway, ten seconds of it at once; more answer 111.',
    ),
  ),
  messagesPerSecondPerRoom: live(
    integer(
      'CHAT_MESSAGES_PER_SECOND_PER_ROOM',
      gateway,
      200,
      1,
      1_000_000,
      'Messages a gateway takes into one room a second, ten seconds of it at once; more answer 111.',
    ),
  ),
  roomsOpenedPerSecondPerUser: live(
    integer(
      'CHAT_ROOMS_OPENED_PER_SECOND_PER_USER',
      gateway,
      100,
      1,
      1_000_000,
      'Rooms nobody else follows on a gateway that one user may subscribe to a second, ten seconds of it at once; more answer 111. Each costs a subscription of NATS and two requests.',
    ),
  ),
  sendBufferBytes: integer(
    'CHAT_SEND_BUFFER_BYTES',
    gateway,
    MIB,
    65_536,
    256 * MIB,
    'Bytes that may wait for one connection; a slower reader is closed with 3008 and recovers.',
  ),
  sendBufferTotalBytes: live(
    integer(
      'CHAT_SEND_BUFFER_TOTAL_BYTES',
      gateway,
      256 * MIB,
      MIB,
      64 * 1024 * MIB,
      'Bytes that may wait for all connections: in buffers and queues, sent and not known to be read, in sockets that are being closed and in pages being read. Above it the connections that hold most are cut without a close code; they connect again and recover.',
    ),
  ),
  tailBytes: live(
    integer(
      'CHAT_TAIL_BYTES',
      gateway,
      64 * MIB,
      0,
      64 * 1024 * MIB,
      'Memory for the last messages of the rooms a gateway serves, from which reconnects recover first.',
    ),
  ),
  tailMessages: live(
    integer('CHAT_TAIL_MESSAGES', gateway, 128, 1, 10_000, 'Last messages kept in memory for one room.'),
  ),
  recoveryLimit: live(
    integer(
      'CHAT_RECOVERY_LIMIT',
      gateway,
      10_000,
      1,
      1_000_000,
      'Most messages a reconnect recovers; beyond it the answer is recovered: false and the client pages.',
    ),
  ),
  recoveryChunk: live(
    integer('CHAT_RECOVERY_CHUNK', gateway, 100, 1, 1_000, 'Messages read and sent at once while a client recovers.'),
  ),
  recoveriesPerConnection: live(
    integer(
      'CHAT_RECOVERIES_PER_CONNECTION',
      gateway,
      2,
      1,
      100,
      'Rooms of one connection for which missed messages are read at the same time; the others wait, and hold no messages.',
    ),
  ),
  historyLimit: live(
    integer('CHAT_HISTORY_LIMIT', gateway, 300, 1, 1_000, 'Most messages one history command returns.'),
  ),
  presenceLimit: live(
    integer(
      'CHAT_PRESENCE_LIMIT',
      gateway,
      1_000,
      0,
      10_000,
      'Connections of a room above which presence answers 106 instead of listing them; presence_stats counts rooms of any size.',
    ),
  ),
  joinLeaveLimit: live(
    integer(
      'CHAT_JOIN_LEAVE_LIMIT',
      gateway,
      200,
      0,
      10_000,
      'Connections of a room above which its subscribers are not told who comes and goes, until it has shrunk to 80 % of this.',
    ),
  ),
  pingSeconds: live(integer('CHAT_PING_SECONDS', gateway, 25, 1, 600, 'Seconds between heartbeats to a client.')),
  pongSeconds: live(
    integer(
      'CHAT_PONG_SECONDS',
      gateway,
      8,
      1,
      600,
      'Seconds a client has to answer a heartbeat before it is closed with 3012.',
    ),
  ),
  connectSeconds: live(
    integer(
      'CHAT_CONNECT_SECONDS',
      gateway,
      10,
      1,
      600,
      'Seconds a socket may take to send connect before it is closed with 3502.',
    ),
  ),
  expiryGraceSeconds: live(
    integer(
      'CHAT_EXPIRY_GRACE_SECONDS',
      gateway,
      25,
      0,
      3_600,
      'Seconds after its expiry in which a token may be refreshed; then the connection closes with 3005.',
    ),
  ),
  roomLingerSeconds: live(
    integer(
      'CHAT_ROOM_LINGER_SECONDS',
      gateway,
      30,
      0,
      3_600,
      'Seconds a room without local members is still followed, so that those who come back recover from memory.',
    ),
  ),
  publishTimeoutMs: live(
    integer(
      'CHAT_PUBLISH_TIMEOUT_MS',
      gateway,
      3_000,
      100,
      4_500,
      'Time JetStream has to acknowledge; then the publish answers a temporary error. Clients give up at 5 s.',
    ),
  ),
  recheckSeconds: live(
    integer(
      'CHAT_RECHECK_SECONDS',
      gateway,
      15,
      1,
      LIVE_AGE_SECONDS - 1, // LIVE must outlast a round, else every first message of a round costs a read
      'Every watched room is compared with its stream this often: the bound on how late a lost live message arrives.',
    ),
  ),
  drainSeconds: integer(
    'CHAT_DRAIN_SECONDS',
    gateway,
    20,
    1,
    3_600,
    'Time over which a stopping gateway closes its connections in waves.',
  ),
  drainDelaySeconds: integer(
    'CHAT_DRAIN_DELAY_SECONDS',
    gateway,
    3,
    0,
    600,
    'Time between NotReady and the first close, so that load balancers stop choosing this gateway first.',
  ),

  specVersion: {
    kind: 'text',
    env: 'CHAT_SPEC_VERSION',
    for: worker,
    default: '',
    pattern: /^(\d{1,15}\.\d{1,10})?$/,
    help: 'Version of the ChatCluster this process was made for, its creation in milliseconds and its generation, such as 1767225600000.3; set by the operator. Of workers with different options the newest decides the settings of the streams. Empty counts as older than any.',
  },
  streamReplicas: {
    ...integer(
      'CHAT_STREAM_REPLICAS',
      worker,
      0,
      0,
      5,
      'NATS servers that keep each stream: 1, 3 or 5. 0 is 3 where NATS has three servers with JetStream and room, and 1 otherwise; a stream of 1 gets 3 when NATS has got more servers, and none ever gets fewer.',
    ),
    automatic: true,
  },
  streamMaxBytes: integer(
    'CHAT_STREAM_MAX_BYTES',
    worker,
    1024 * MIB,
    MIB,
    1024 * 1024 * MIB,
    'Size of one LOG stream. When it is full, because MongoDB is away, publishes get a temporary error.',
  ),
  hotWindowSeconds: integer(
    'CHAT_HOT_WINDOW_SECONDS',
    worker,
    3_600,
    0,
    30 * 86_400,
    'Messages younger than this stay in the LOG stream although MongoDB has them: recovery and history read them without MongoDB. At least half of the deduplication window, so that NATS knows young ids after a restart. The oldest leave earlier when the stream is filled above 70 %.',
  ),
  liveMaxBytes: integer(
    'CHAT_LIVE_MAX_BYTES',
    worker,
    128 * MIB,
    MIB,
    512 * MIB,
    'Size of one LIVE stream, which only feeds live delivery.',
  ),
  dedupeSeconds: integer(
    'CHAT_DEDUPE_SECONDS',
    both,
    120,
    10,
    3_600,
    'Window in which JetStream itself recognises a repeated message id, about 160 bytes of NATS memory an id. Older ids are looked up in MongoDB.',
  ),
  ackWaitSeconds: integer(
    'CHAT_ACK_WAIT_SECONDS',
    worker,
    30,
    1,
    3_600,
    'Time after which a message that was not stored is delivered to a worker again.',
  ),
  storeBatch: integer('CHAT_STORE_BATCH', worker, 500, 1, 10_000, 'Most messages written to MongoDB at once.'),
  storeDelayMs: integer('CHAT_STORE_DELAY_MS', worker, 50, 0, 10_000, 'Longest a message waits for its batch to fill.'),
  lastRooms: integer(
    'CHAT_LAST_ROOMS',
    worker,
    1_000_000,
    1_000,
    100_000_000,
    'Rooms of a partition whose last offset NATS keeps after their messages have left the LOG stream, about 130 bytes of disk each on each server. Above it those quiet for longest are forgotten: a client that comes back to one reads MongoDB to learn that it missed nothing.',
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

export type OptionName = keyof typeof OPTIONS;

const rows = Object.entries(OPTIONS) as [OptionName, Option][];
const liveOf = (process: Process) =>
  rows.filter(([, option]) => option.live === true && option.for.includes(process)).map(([name]) => name);

/** Options that a process takes without a restart from files named after their variables. All others need a new process. */
export const LIVE_OPTIONS: Readonly<Record<Process, readonly OptionName[]>> = {
  gateway: liveOf('gateway'),
  worker: liveOf('worker'),
};
