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
  /** `LIVE_FILES.version` of the live options in force; empty without such files. */
  readonly optionsVersion: string;
  /** `BackendHealth.refused` */
  readonly refused?: readonly string[];
}
