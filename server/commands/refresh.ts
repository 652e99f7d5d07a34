import { TokenRefused } from '../access/token-refused.ts';
import { CLOSES } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { leaveForbidden } from '../session/forbidden.ts';
import type { Session } from '../session/session.ts';
import { secondsLeft } from './connect.ts';
import { refusedToken } from './refused-token.ts';

/**
 * Replaces the token before it expires. A token of another user, or none, ends the connection. Rooms that the new token does
 * not allow are left: SDKs subscribe again at once and are answered 103.
 */
export async function refresh(session: Session, command: CommandOf<'refresh'>): Promise<void> {
  const { context } = session;
  if (command.token === '') return session.end(CLOSES.badRequest);
  try {
    const identity = await context.verify(command.token);
    context.meter.tokenChecked(true);
    if (identity.user !== session.identity?.user) {
      context.refusals.refused(new TokenRefused('user', 'refresh has a token of another user'));
      return session.end(CLOSES.invalidToken);
    }
    session.renew(identity);
    session.reply(command.id, {
      method: 'refresh',
      client: session.client,
      version: context.version,
      ttl: secondsLeft(identity.expiresAt, context.now()),
    });
    await leaveForbidden(session);
  } catch (error) {
    const reason = refusedToken(session, error);
    if (reason === 'invalid') return session.end(CLOSES.invalidToken);
    context.meter.answered(false);
    session.end(CLOSES.expired); // the SDK connects with this token, is answered 109 and gets a new one
  }
}
