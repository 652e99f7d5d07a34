/**
 * Body of `GET /load` on a gateway's admin port: the numbers that the operator scales by, cheap to read often.
 * Rates are per second over the last 5 s; times are milliseconds; `cpu` is the share of one core (1 = fully busy).
 */
export interface GatewayLoad {
  readonly gateway: string;
  readonly ready: boolean;
  readonly draining: boolean;
  /** True while it refuses new connections: once it has none, it stays at none. Missing from older gateways. */
  readonly refusing?: boolean;
  readonly connections: number;
  /** Most connections it accepts: less than the option of this name if the limit on open files is too low. */
  readonly maxConnections: number;
  readonly deliveriesPerSecond: number;
  readonly eventLoopLagMs: number;
  readonly cpu: number;
  /** Commands of clients that were answered, with a result or an error. */
  readonly commandsPerSecond: number;
  /** Commands answered with a temporary error; refused tokens count too while they outnumber the accepted ones. */
  readonly errorsPerSecond: number;
  /** Mean time from a publish command to its acknowledgement by NATS; 0 without publishes. */
  readonly publishMs: number;
  /** Connections refused because the gateway is full or closing. */
  readonly refusedPerSecond: number;
  /** Features that it leaves out because it is overloaded, of `FEATURES` from the first on. Missing from older gateways; missing counts as 0. */
  readonly featuresLeftOut?: number;
  /** False once the gateway has been without NATS for 5 s. Missing from older gateways; missing counts as true. */
  readonly natsUp?: boolean;
  /** `SETTINGS_FILES.version` of the last files whose values are all in force; empty without such files. */
  readonly optionsVersion: string;
  /** As `BackendHealth.refused`. */
  readonly refused?: readonly string[];
}
