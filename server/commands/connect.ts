import { inboxOf } from '../access/names.ts';
import type { Identity } from '../access/token.ts';
import { TokenRefused } from '../access/token-refused.ts';
import { answerTo } from '../chat/answer-to.ts';
import type { Position, SubscribeResult } from '../protocol/codec.ts';
import { CLOSES, ERRORS } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import { inTime } from '../session/in-time.ts';
import type { Session } from '../session/session.ts';
import { Subscription } from '../session/subscription.ts';
import type { Moment } from '../time/clock.ts';
import { refusedToken } from './refused-token.ts';

/** Signs the connection in and subscribes it to its user's inbox, then answers. The reply is the first frame. */
export async function connect(session: Session, command: CommandOf<'connect'>): Promise<void> {
  const { context } = session;
  if (command.token === '') {
    context.refusals.refused(new TokenRefused('missing', 'connect has no token'));
    return session.end(CLOSES.badRequest); // there are no anonymous users
  }
  const identity = await verified(session, command);
  if (!identity) return;
  const channel = inboxOf(identity.user);
  try {
    session.signIn(identity);
  } catch (error) {
    return refuse(session, command.id, error);
  }
  const inbox = new Subscription(session, context.rooms.open(channel), true);
  const asked = command.subs.get(channel);
  const from = asked?.recover ? { offset: asked.offset, epoch: asked.epoch } : null;
  const enter = (position: Position | null) =>
    inbox.enter(position, {
      joinLeave: false,
      reply: result => {
        session.subscriptions.set(channel, inbox);
        welcome(session, command.id, channel, { ...result, wasRecovering: from !== null });
      },
    });
  const entering = enter(from).catch(error => {
    if (!(error instanceof StoreUnavailable) || session.state !== 'connecting') throw error;
    // MongoDB alone has the messages that the inbox missed. The client reads them from history once it is back.
    context.join.recovered('failed');
    return enter(null);
  });
  try {
    // Commands behind connect do not wait for messages that the inbox still recovers.
    await inTime(Promise.race([entering, inbox.answered()]), context.after);
    // Before the commands behind connect, which enter rooms; after the inbox, by which the user counts as connected here.
    await context.presence.invisible.load(identity.user);
  } catch (error) {
    if (session.state !== 'connecting') throw error;
    inbox.leave();
    refuse(session, command.id, error);
  }
}

/** Identity of a good token; null if the connection was answered, or is gone. */
async function verified(session: Session, { id, token }: CommandOf<'connect'>): Promise<Identity | null> {
  const { context } = session;
  try {
    const identity = await context.verify(token);
    context.meter.tokenChecked(true);
    return session.gone ? null : identity;
  } catch (error) {
    if (session.gone) return null;
    if (refusedToken(session, error) === 'invalid') session.end(CLOSES.invalidToken);
    else session.refuse(id, ERRORS.tokenExpired, (error as TokenRefused).message);
    return null;
  }
}

function refuse(session: Session, id: number, failure: unknown): void {
  const { error, detail } = answerTo(failure);
  session.refuse(id, error, detail);
}

function welcome(session: Session, id: number, channel: string, inbox: SubscribeResult): void {
  const { config, version, now, chat } = session.context;
  const time = chat.reportedTime.report();
  session.welcome(id, {
    method: 'connect',
    client: session.client,
    version,
    ttl: secondsLeft(session.identity?.expiresAt ?? now(), now()),
    ping: config.pingSeconds,
    pong: true,
    time,
    // The time again: SDKs pass the data on to applications, not the field.
    data: Buffer.from(JSON.stringify({ gateway: config.processName, version, time })),
    subs: new Map([[channel, inbox]]),
  });
}

/** Longest ttl that is sent, a year: timers of SDKs end at once, or never, for much longer ones. */
const LONGEST_TTL_SECONDS = 365 * 86_400;

/** Seconds to an expiry as they are sent to a client, at least 1; 0 for no expiry. */
export function secondsLeft(expiresAt: Moment, now: Moment): number {
  if (!Number.isFinite(expiresAt)) return 0;
  return Math.min(Math.max(1, Math.ceil((expiresAt - now) / 1000)), LONGEST_TTL_SECONDS);
}
