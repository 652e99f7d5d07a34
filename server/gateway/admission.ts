import { Rate } from '../session/rate.ts';
import type { Refusal } from '../socket/uws.ts';

export type RefusalReason = 'origin' | 'draining' | 'connections' | 'rate';

/** Read at each use: limits may change while the gateway runs. */
export interface AdmissionLimits {
  /** Comma separated; `*` allows all. */
  readonly allowedOrigins: string;
  readonly connectsPerSecond: number;
}

export interface AdmissionOptions {
  readonly limits: AdmissionLimits;
  /** Whether nobody is to be let in now. */
  readonly closed: () => boolean;
  /** Most connections there may be. */
  readonly most: () => number;
  /** Connections open now. */
  readonly connections: () => number;
  readonly now: () => number;
  readonly refused: (reason: RefusalReason) => void;
}

/** Who may connect, before anything is known of them. A request without an Origin does not come from a page. */
export function admission(options: AdmissionOptions): (origin: string) => Refusal | null {
  const { limits } = options;
  const origins = originList(limits);
  const rate = new Rate(limits.connectsPerSecond, options.now());
  const judge = (origin: string): RefusalReason | null => {
    if (origin !== '' && !origins(origin)) return 'origin';
    if (options.closed()) return 'draining';
    if (options.connections() >= options.most()) return 'connections';
    return rate.take(options.now(), limits.connectsPerSecond, limits.connectsPerSecond) ? null : 'rate';
  };
  return origin => {
    const reason = judge(origin);
    if (reason === null) return null;
    options.refused(reason);
    return reason === 'origin' ? '403 Forbidden' : '503 Service Unavailable';
  };
}

/** Takes the list apart only when it is another one. */
function originList(limits: AdmissionLimits): (origin: string) => boolean {
  let text: string | null = null;
  let origins: ReadonlySet<string> = new Set();
  return origin => {
    if (limits.allowedOrigins !== text) {
      text = limits.allowedOrigins;
      origins = new Set(text.split(',').map(each => each.trim()));
    }
    return origins.has('*') || origins.has(origin);
  };
}
