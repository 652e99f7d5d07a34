import type { Clock } from '../server/time/clock.ts';
import type { Ending } from './control-of.ts';
import type { KeyValue } from './storage.ts';
import type { Connection, Publication, Transport } from './transport.ts';
import type { RandomBytes } from './uuid7.ts';

export interface ChatOptions {
  /** User of the tokens, the outbox and the read marks. */
  readonly user: string;
  /**
   * Storage of the outbox and the read marks; {@link memoryStorage} if they need not outlive the process. What it refuses is
   * kept in memory, see {@link SteadyStorage}.
   */
  readonly storage: KeyValue;
  /**
   * Makes the transport. It must call `onConnection` on every change of the connection, `onInbox` with the entries of the user's
   * inbox, and `onMessage` with pushes to the user.
   */
  readonly transport: (
    onConnection: (connection: Connection) => void,
    onInbox: (publication: Publication) => void,
    onMessage: (data: unknown) => void,
  ) => Transport;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Random number from 0 up to, not including, 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** Default: the platform's cryptographic source. */
  readonly randomBytes?: RandomBytes;
}

/** A room that the user was taken out of. */
export interface Removal {
  readonly room: string;
  /** Act that did it; null if it came while the user was away, or if the user may not read the room any more for another reason. */
  readonly ending: Ending | null;
}
