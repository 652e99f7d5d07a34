/**
 * What the operator wants of a gateway besides taking clients: JSON in the pod annotation {@link TRAFFIC_ANNOTATION}, which
 * the gateway reads from `LIVE_FILES.annotations`, so that neither its restart nor the operator's forgets it. When the
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
