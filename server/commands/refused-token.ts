import { type RefusalReason, TokenRefused } from '../access/token-refused.ts';
import type { Session } from '../session/session.ts';

/**
 * Counts and logs that a token let nobody in.
 * @throws anything but a {@link TokenRefused}
 */
export function refusedToken(session: Session, error: unknown): RefusalReason {
  if (!(error instanceof TokenRefused)) throw error;
  const { metrics, meter, refusals } = session.context;
  metrics.tokensRefused.inc({ reason: error.reason });
  if (error.reason === 'invalid') meter.tokenChecked(false);
  refusals.refused(error);
  return error.reason;
}
