import { setImmediate as nextTick } from 'node:timers/promises';
import type { Session } from './session.ts';

/** Sessions that are checked in one tick of the event loop. */
const AT_ONCE = 500;

/** Leaves rooms that the user may not read any more: SDKs subscribe again at once, and the answer gives the reason. */
export async function leaveForbidden(session: Session): Promise<void> {
  const { access } = session.context.chat;
  for (const [channel, subscription] of session.subscriptions) {
    if (subscription.server || !session.identity) continue;
    const loading = access(session.identity, channel);
    const rights = loading instanceof Promise ? await loading : loading; // rights in memory cost no tick
    if (rights.may('subscribe') === null) continue;
    await subscription.answered();
    subscription.expelled(channel);
  }
}

/** Calls {@link leaveForbidden} for all sessions. Call it when the rules have changed. */
export async function leaveAllForbidden(sessions: Iterable<Session>): Promise<void> {
  let checked = 0;
  for (const session of [...sessions]) {
    if (!session.gone) void leaveForbidden(session); // it may wait for a subscribe; the other sessions need not
    if (++checked % AT_ONCE === 0) await nextTick();
  }
}
