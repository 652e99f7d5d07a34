import { Policy, parseKinds } from '../auth/policy.ts';
import { SigningSecrets } from '../auth/secrets.ts';
import { tokenVerifier, type VerifyToken } from '../auth/token.ts';
import type { Clocks } from '../clock.ts';
import type { Config } from '../config.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';

/** Who is somebody, and what they may do. */
export interface Access {
  readonly policy: Policy;
  readonly secrets: SigningSecrets;
  readonly verify: VerifyToken;
}

export function accessOf(config: Config, metrics: GatewayMetrics, clocks: Clocks): Access {
  const secrets = new SigningSecrets(config.authSecret, {
    graceMs: () => config.authSecretGraceSeconds * 1000,
    previous: () => config.authPreviousSecret,
  });
  const verify = tokenVerifier(secrets, {
    get issuer() {
      return config.authIssuer;
    },
    get audience() {
      return config.authAudience;
    },
    ...clocks,
    replacedUsed: () => metrics.replacedSecretUsed.inc(),
  });
  return { policy: new Policy(parseKinds(config.roomKinds)), secrets, verify };
}
