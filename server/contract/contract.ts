/**
 * What the operator may know of the server, and nothing else: process entry points, ports, paths, labels, grace.
 * The names and bounds of the options stand in {@link ./options.ts}, which the operator may import too.
 */

/** Ports every process listens on. A gateway opens both, a worker only `admin`. */
export const PORTS = { client: 8080, admin: 9090 } as const;

/** Entry points inside the image, relative to its working directory. */
export const ENTRY = {
  gateway: 'server/gateway.js',
  worker: 'server/worker.js',
  operator: 'operator/main.js',
} as const;

/** Paths on the client port. */
export const CLIENT_PATHS = {
  websocket: '/connection/websocket',
  ready: '/readyz',
  devToken: '/dev/token',
  page: '/',
} as const;

/** Paths on the admin port. `live` follows the event loop only; `ready` never follows NATS or MongoDB after the start. */
export const ADMIN_PATHS = { live: '/livez', ready: '/readyz', metrics: '/metrics', load: '/load' } as const;

/**
 * Body of `GET /load` on a gateway's admin port: the few numbers the autoscaler needs, cheap to read often.
 * Rates are per second over the last 5 s; times are milliseconds; `cpu` is the share of one core (1 = busy).
 */
export interface GatewayLoad {
  readonly gateway: string;
  readonly ready: boolean;
  readonly draining: boolean;
  /** True while it refuses new connections: with none left it stays without. Missing from older gateways. */
  readonly refusing?: boolean;
  readonly connections: number;
  /** Most it accepts: fewer than the option where the limit on open files is too low. */
  readonly maxConnections: number;
  readonly deliveriesPerSecond: number;
  readonly eventLoopLagMs: number;
  readonly cpu: number;
  /** Commands of clients that were answered, with whatever. */
  readonly commandsPerSecond: number;
  /** Those of them that ended in a temporary error, and refused tokens while these outnumber the accepted ones. */
  readonly errorsPerSecond: number;
  /** Mean time from a publish command to its acknowledgement; 0 without publishes. */
  readonly publishMs: number;
  /** Connections refused by a full or closing gateway, a second. */
  readonly refusedPerSecond: number;
  /** False once the gateway has been without NATS for 5 s. Missing from older gateways, which counts as true. */
  readonly natsUp?: boolean;
  /** {@link LIVE_FILES.version} of the live options in force; empty without such files. */
  readonly optionsVersion: string;
  /** {@link BackendHealth.refused} */
  readonly refused?: readonly string[];
}

/**
 * What the operator wants of a gateway besides taking clients: JSON in the pod annotation {@link TRAFFIC_ANNOTATION}, which
 * the gateway reads from {@link LIVE_FILES.annotations}, so that neither its restart nor the operator's forgets it. When the
 * annotation is taken away the gateway takes clients again.
 */
export interface TrafficIntent {
  readonly reason: 'ScaleDown' | 'Rollout' | 'NodeDrain' | 'CutOff' | 'Rebalance' | 'Hibernate';
  /** When the operator first wanted it, ISO 8601: for people. */
  readonly since: string;
  /** Connections to close down to, with a reconnect code; absent: close none, only take no new ones. With 0 new connections are refused. */
  readonly keep?: number;
  /** Most connections to close a second; a gateway stays a fifth below it. Always there with `keep`. */
  readonly perSecond?: number;
  /** Seconds the operator waits for it, from when it first sees this intent. Always there with `keep`; the gateway does not need it. */
  readonly waitSeconds?: number;
  /** When that will be, ISO 8601: for people, and for an operator older than `waitSeconds`. Always there with `keep`. */
  readonly deadline?: string;
  /**
   * True while the client Service does not select the pod, whose label was taken away in the same write: the gateway is as
   * Ready as ever. Without it the gateway turns NotReady, which is how operators before this field keep clients away.
   */
  readonly unselected?: boolean;
}
export const TRAFFIC_ANNOTATION = 'chatcluster.dev/traffic';

/**
 * Files of the directory CHAT_LIVE_DIR, a projected volume: what may change while a gateway runs. Besides these it holds one
 * file for each live option and Secret, named after its variable (`CHAT_LOG_LEVEL`, `CHAT_AUTH_SECRET`), whose content wins
 * over the variable. Files of other names are ignored: a newer operator may write more options than an older gateway has.
 */
export const LIVE_FILES = {
  /** The pod's annotations as the downward API writes them: lines of `key="escaped value"`. */
  annotations: 'annotations',
  /** Hash of the live options, written by the operator with them. */
  version: 'version',
} as const;
export const LIVE_DIR = '/etc/chatcluster';

/**
 * Room in a LOG stream. `WindowShortened`: stored messages leave it before the hot window has passed. `NearlyFull`: what
 * MongoDB does not have yet fills most of it, and when it is full, publishes are refused.
 */
export type LogRoom = 'Enough' | 'WindowShortened' | 'NearlyFull';

/** Health of the two backends as a worker sees it: body of `GET /backends` on a worker's admin port. */
export interface BackendHealth {
  readonly nats: { readonly reachable: boolean; readonly reason: string };
  readonly store: { readonly reachable: boolean; readonly reason: string };
  /** Messages in the LOG streams that MongoDB does not have yet. */
  readonly storeLag: number;
  /** Room in the LOG streams: that of the fullest, with its name; missing from a worker of an earlier release. */
  readonly log?: {
    readonly room: LogRoom;
    /** Empty when there is enough. */
    readonly reason: string;
  };
  /**
   * Servers of NATS that keep each message, by the stream that the fewest keep. Missing from a worker of an earlier release, and
   * until one has seen all streams.
   */
  readonly copies?: {
    readonly fewest: number;
    /** Why there are no more, for people; empty where the option on the copies says how many there are to be. */
    readonly whyNotMore: string;
  };
  /** Live options that keep their value, each with its variable and why, without the values of Secrets. Missing when there is none. */
  readonly refused?: readonly string[];
}
/** Most lines of {@link BackendHealth.refused}: one shows what is wrong. */
export const MOST_REFUSED = 4;
export const WORKER_PATHS = { backends: '/backends' } as const;

/** True if the protocol's bare publish is open in a kind of rooms that does not say, by its access. */
export const BARE_PUBLISH = { Open: 'Enabled', Claim: 'Disabled' } as const;

/** Names a ChatCluster's streams, subjects, database: lower-case letters, digits and `-`, at most 51 characters. */
export const INSTANCE_PATTERN = /^[a-z0-9]([-a-z0-9]{0,49}[a-z0-9])?$/;

/** Where the image keeps the compiled server; Node's flags that every container starts with. */
export const IMAGE_WORKDIR = '/app';
