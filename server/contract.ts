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
  readonly connections: number;
  readonly maxConnections: number;
  readonly deliveriesPerSecond: number;
  readonly eventLoopLagMs: number;
  readonly cpu: number;
}

/** Health of the two backends as a worker sees it: body of `GET /backends` on a worker's admin port. */
export interface BackendHealth {
  readonly nats: { readonly reachable: boolean; readonly reason: string };
  readonly store: { readonly reachable: boolean; readonly reason: string };
  /** Messages in the LOG streams that MongoDB does not have yet. */
  readonly storeLag: number;
}
export const WORKER_PATHS = { backends: '/backends' } as const;

/** Names a ChatCluster's streams, subjects, database: lower-case letters, digits and `-`, at most 51 characters. */
export const INSTANCE_PATTERN = /^[a-z0-9]([-a-z0-9]{0,49}[a-z0-9])?$/;

/** Where the image keeps the compiled server; Node's flags that every container starts with. */
export const IMAGE_WORKDIR = '/app';
