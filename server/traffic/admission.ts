import type { Refusal, UpgradeRequest } from '../transport/uws.ts';
import { Addresses } from './addresses.ts';
import { ConnectRate, type ConnectRates } from './connect-rate.ts';

export type RefusalReason = 'origin' | 'draining' | 'connections' | 'address' | 'rate';

const STATUS: Readonly<Partial<Record<RefusalReason, Refusal>>> = {
  origin: '403 Forbidden',
  address: '429 Too Many Requests',
};

/** Limits, read at each use, as they may change while the gateway runs. */
export interface AdmissionLimits extends ConnectRates {
  /** Comma separated; `*` allows all. */
  readonly allowedOrigins: string;
  /** Ranges in CIDR notation, comma separated, or `none`. */
  readonly trustedProxies: string;
}

export interface AdmissionOptions {
  readonly limits: AdmissionLimits;
  /** True while no connection is accepted. */
  readonly closed: () => boolean;
  /** Largest number of connections. */
  readonly most: () => number;
  /** Connections open now. */
  readonly connections: () => number;
  /** Ends a connection that had enough time to sign in. @returns false if there is none */
  readonly endUnsigned: () => boolean;
  readonly now: () => number;
  /** Called for each connection that is refused. */
  readonly refused: (reason: RefusalReason) => void;
}

/** Decides which connections are accepted, before the client signs in. A request without an Origin does not come from a page. */
export function admission(options: AdmissionOptions): (request: UpgradeRequest) => Refusal | null {
  const { limits } = options;
  const origins = originList(limits);
  const addresses = new Addresses(() => limits.trustedProxies);
  const rate = new ConnectRate(limits, options.now());
  const full = () => options.connections() >= options.most();
  const judge = (request: UpgradeRequest): RefusalReason | null => {
    const { origin } = request;
    if (origin !== '' && !origins(origin)) return 'origin';
    if (options.closed()) return 'draining';
    if (full() && !(options.endUnsigned() && !full())) return 'connections';
    return rate.take(addresses.nameOf(request), options.now());
  };
  return request => {
    const reason = judge(request);
    if (reason === null) return null;
    options.refused(reason);
    return STATUS[reason] ?? '503 Service Unavailable';
  };
}

/** Parses the list if it has changed. */
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
