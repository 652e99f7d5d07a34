import { type RefusalReason, TokenRefused } from '../access/token-refused.ts';
import type { Session } from '../session/session.ts';

/**
 * Counts and logs a refused token.
 * @throws {unknown} `error` if it is not a {@link TokenRefused}
 */
export function refusedToken(session: Session, error: unknown): RefusalReason {
  if (!(error instanceof TokenRefused)) throw error;
  const { metrics, meter, refusals } = session.context;
  metrics.tokensRefused.inc({ reason: error.reason });
  if (error.reason === 'invalid') meter.tokenChecked(false);
  refusals.refused(error);
  return error.reason;
}
