import type { Logger } from 'pino';
import { kindsOf } from '../contract/room-kind-options.ts';
import type { Config } from '../settings/config.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { Clocks } from '../time/clock.ts';
import { Policy } from './policy.ts';
import { RefusalLog } from './refusal-log.ts';
import { SigningSecrets } from './secrets.ts';
import { tokenVerifier, type VerifyToken } from './token.ts';

/** Authentication and authorisation of one gateway. */
export interface Access {
  readonly policy: Policy;
  readonly secrets: SigningSecrets;
  readonly verify: VerifyToken;
  readonly refusals: RefusalLog;
}

export function accessOf(config: Config, metrics: GatewayMetrics, logger: Logger, clocks: Clocks): Access {
  const refusals = new RefusalLog(logger, clocks.now);
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
    get toleranceSeconds() {
      return config.authClockToleranceSeconds;
    },
    ...clocks,
    replacedUsed: () => metrics.replacedSecretUsed.inc(),
    noticed: notice => refusals.noticed(notice),
  });
  return { policy: new Policy(kindsOf(config)), secrets, verify, refusals };
}
