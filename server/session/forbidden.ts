import { setImmediate as nextTick } from 'node:timers/promises';
import type { RoomAccess } from '../access/room-access.ts';
import { sleep } from '../time/clock.ts';
import type { Session } from './session.ts';

/** Sessions that are checked in one tick of the event loop. */
const AT_ONCE = 500;

/** Time before rights that could not be loaded are loaded again. */
const RETRY_MS = 2_000;

/**
 * Leaves rooms that the user may not read any more: SDKs subscribe again at once, and the answer gives the reason. While rights
 * cannot be loaded the subscription stays. Never rejects.
 */
export async function leaveForbidden(session: Session): Promise<void> {
  for (const [channel, subscription] of session.subscriptions) {
    if (subscription.server) continue;
    const forbidden = isForbidden(session, channel);
    if (!(forbidden instanceof Promise ? await forbidden : forbidden)) continue; // rights in memory cost no tick
    await subscription.answered();
    subscription.expelled(channel);
  }
}

/** @returns true if the rights refuse the room, as far as they can be known while the session is in it */
function isForbidden(session: Session, channel: string): boolean | Promise<boolean> {
  const { identity, context } = session;
  if (!identity) return false;
  const rights = context.chat.access(identity, channel);
  if (rights instanceof Promise) return refused(session, channel, rights);
  if (rights.may('subscribe') === null) return false;
  return rights.confirm ? refused(session, channel, Promise.resolve(rights)) : true;
}

async function refused(session: Session, channel: string, loading: Promise<RoomAccess>): Promise<boolean> {
  const { context } = session;
  for (let rights = loading; ; ) {
    try {
      const loaded = await rights;
      if (loaded.may('subscribe') === null) return false;
      return !loaded.confirm || (await loaded.confirm()).may('subscribe') !== null;
    } catch {
      await sleep(context, RETRY_MS);
      if (session.gone || !session.identity || !session.subscriptions.has(channel)) return false;
      rights = Promise.resolve(context.chat.access(session.identity, channel));
    }
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
