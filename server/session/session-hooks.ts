import type { CloseCode } from '../protocol/codes.ts';
import type { Answered } from '../protocol/command.ts';

/** Duties of a gateway towards its connections, of the type `S`. */
export interface SessionHooks<S> {
  /**
   * Handles a command. Returns a promise only if the commands behind it have to wait; what it throws or rejects with becomes
   * the answer.
   */
  handle(session: S, command: Answered): Promise<void> | undefined;
  /** Called for each pong of the client. */
  pong(session: S): void;
  /** Called when the gateway ends the connection. */
  ended(close: CloseCode): void;
  /** Called once when the connection is gone, whichever side ended it. */
  closed(session: S): void;
}
