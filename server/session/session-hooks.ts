import type { CloseCode } from '../protocol/codes.ts';
import type { Answered } from '../protocol/command.ts';

/** What a connection of the type `S` leaves to its gateway. */
export interface SessionHooks<S> {
  /** Handles a command; returns a promise only if the commands behind it have to wait. What it throws, or rejects with, becomes the answer. */
  handle(session: S, command: Answered): Promise<void> | undefined;
  /** The client answered a ping. */
  pong(session: S): void;
  /** The gateway ends the connection. */
  ended(close: CloseCode): void;
  /** The connection is gone, whoever ended it. */
  closed(session: S): void;
}
