import { Rate } from '../session/rate.ts';
import type { Refusal } from '../socket/uws.ts';

export type RefusalReason = 'origin' | 'connections' | 'rate';

export interface AdmissionOptions {
  /** Comma separated; `*` allows all. */
  readonly allowedOrigins: string;
  readonly maxConnections: number;
  readonly connectsPerSecond: number;
  /** Connections open now. */
  readonly connections: () => number;
  readonly now: () => number;
  readonly refused: (reason: RefusalReason) => void;
}

/** Who may connect, before anything is known of them. A request without an Origin does not come from a page. */
export function admission(options: AdmissionOptions): (origin: string) => Refusal | null {
  const origins = new Set(options.allowedOrigins.split(',').map(origin => origin.trim()));
  const rate = new Rate(options.connectsPerSecond, options.connectsPerSecond, options.now());
  const judge = (origin: string): RefusalReason | null => {
    if (origin !== '' && !origins.has('*') && !origins.has(origin)) return 'origin';
    if (options.connections() >= options.maxConnections) return 'connections';
    return rate.take(options.now()) ? null : 'rate';
  };
  return origin => {
    const reason = judge(origin);
    if (reason === null) return null;
    options.refused(reason);
    return reason === 'origin' ? '403 Forbidden' : '503 Service Unavailable';
  };
}
