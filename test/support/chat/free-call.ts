import { type Call, CallAbandoned } from '../../../server/chat/verb.ts';
import type { Moment } from '../../../server/time/clock.ts';

/** Call by a user without a connection, as the HTTP interface or a queue would make it. */
export class FreeCall implements Call {
  readonly client = '';
  readonly identity;
  /** Number of times that the call was placed. */
  timesPlaced = 0;
  /** True once the caller has given up. */
  abandoned = false;

  constructor(user = 'alice', rooms: readonly string[] = [], roles: readonly string[] = []) {
    this.identity = { user, expiresAt: Number.POSITIVE_INFINITY as Moment, rooms, roles };
  }

  setBackground(): void {}

  placed(): void {
    if (this.abandoned) throw new CallAbandoned();
    this.timesPlaced += 1;
  }
}
