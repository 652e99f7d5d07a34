import type { CloseCode } from '../protocol/codes.ts';
import type { Session } from './session.ts';

/** Events that a connection reports to its gateway. */
export interface SessionHooks {
  /** The client answered a ping. */
  pong(session: Session): void;
  /** The gateway ends the connection. */
  ended(close: CloseCode): void;
  /** The connection is gone, whoever ended it. */
  closed(session: Session): void;
}
