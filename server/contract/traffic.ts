/**
 * Traffic intent: what the operator asks a gateway to do with its clients. JSON in the pod annotation
 * {@link TRAFFIC_ANNOTATION}, which the gateway reads from `SETTINGS_FILES.annotations`: it survives restarts of both. Without
 * the annotation the gateway accepts clients.
 */
export interface TrafficIntent {
  readonly reason: 'ScaleDown' | 'Rollout' | 'NodeDrain' | 'CutOff' | 'Rebalance' | 'Hibernate';
  /** Time at which the operator first set this intent, ISO 8601; informative. */
  readonly since: string;
  /**
   * Connections to keep: the gateway closes the others with a reconnect code. Absent: it closes none and only takes no new ones.
   * With 0 it refuses new connections too.
   */
  readonly keep?: number;
  /** Most connections to close per second; the gateway stays a fifth below it. Always set with `keep`. */
  readonly perSecond?: number;
  /**
   * Seconds the operator waits for the gateway from when it first sees this intent. Always set
   * with `keep`; only the operator reads it.
   */
  readonly waitSeconds?: number;
  /** End of that wait, ISO 8601: informative, and for operators that do not know `waitSeconds`. Always set with `keep`. */
  readonly deadline?: string;
  /**
   * True if the client Service does not select the pod: the same write removed its label. The gateway stays Ready. Without this
   * field it turns NotReady, which is how older operators keep clients away.
   */
  readonly unselected?: boolean;
}

/** Annotation of a gateway pod that holds its {@link TrafficIntent}. */
export const TRAFFIC_ANNOTATION = 'chatcluster.dev/traffic';
