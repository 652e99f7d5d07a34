import { setImmediate as turn } from 'node:timers/promises';
import type { Session } from './session.ts';

/** Sessions that are looked at in one turn of the event loop. */
const AT_ONCE = 500;

/** Leaves the rooms the user may no longer read: SDKs subscribe again at once, and are told why not. */
export async function leaveForbidden(session: Session): Promise<void> {
  const { policy } = session.context;
  const forbidden = (channel: string) => session.identity && policy.check(session.identity, channel, 'subscribe');
  for (const [channel, subscription] of session.subscriptions) {
    if (subscription.server || !forbidden(channel)) continue;
    await subscription.answered();
    subscription.expelled(channel);
  }
}

/** {@link leaveForbidden} for all, when the rules have changed. */
export async function leaveAllForbidden(sessions: Iterable<Session>): Promise<void> {
  let looked = 0;
  for (const session of [...sessions]) {
    if (!session.gone) void leaveForbidden(session); // waits for subscribes under way, which nobody else has to
    if (++looked % AT_ONCE === 0) await turn();
  }
}
