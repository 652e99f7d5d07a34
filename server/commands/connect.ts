import { inboxOf } from '../access/names.ts';
import { TokenRefused } from '../access/token-refused.ts';
import { answerTo } from '../chat/answer-to.ts';
import type { Position, SubscribeResult } from '../protocol/codec.ts';
import { CLOSES, ERRORS } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { StoreUnavailable } from '../room/history-store.ts';
import { join } from '../room/join.ts';
import { inTime } from '../session/in-time.ts';
import type { Session } from '../session/session.ts';
import { Subscription } from '../session/subscription.ts';
import type { Moment } from '../time/clock.ts';
import { refusedToken } from './refused-token.ts';

/** Signs the connection in and subscribes it to the inbox of its user, then answers: the reply is the first frame. */
export async function connect(session: Session, command: CommandOf<'connect'>): Promise<void> {
  const { context } = session;
  if (command.token === '') {
    context.refusals.refused(new TokenRefused('missing', 'connect came without a token'));
    return session.end(CLOSES.badRequest); // nobody is anonymous
  }
  try {
    session.identity = await context.verify(command.token);
    context.meter.tokenChecked(true);
  } catch (error) {
    if (session.gone) return;
    if (refusedToken(session, error) === 'invalid') return session.end(CLOSES.invalidToken);
    session.state = 'refused';
    return session.fail(command.id, ERRORS.tokenExpired, (error as TokenRefused).message);
  }
  if (session.gone) return;

  const channel = inboxOf(session.identity.user);
  try {
    session.user = context.chat.limits.enter(session.identity.user);
    context.unsigned.remove(session);
  } catch (error) {
    return refuse(session, command.id, error);
  }
  const inbox = new Subscription(session, context.rooms.open(channel), true);
  const wanted = command.subs.get(channel);
  const from = wanted?.recover ? { offset: wanted.offset, epoch: wanted.epoch } : null;
  const enter = (position: Position | null) =>
    join(inbox.room, inbox, session.codec, position, context.join, result => {
      session.subscriptions.set(channel, inbox);
      welcome(session, command.id, channel, { ...result, wasRecovering: from !== null });
      inbox.answer();
      inbox.entered(false);
    });
  const joined = enter(from).catch(error => {
    if (!(error instanceof StoreUnavailable) || session.state !== 'connecting') throw error;
    // Only MongoDB has what the inbox missed. That keeps nobody out: the client reads it from history later.
    context.join.recovered('failed');
    return enter(null);
  });
  void joined.then(
    () => inbox.arrived(),
    () => undefined, // reported below
  );
  try {
    // What the inbox still recovers holds up no command.
    await inTime(Promise.race([joined, inbox.answered()]), context.after);
  } catch (error) {
    if (session.state !== 'connecting') throw error;
    inbox.leave();
    refuse(session, command.id, error);
  }
}

/** SDKs connect again after a temporary error. */
function refuse(session: Session, id: number, error: unknown): void {
  session.state = 'refused';
  const answer = answerTo(error);
  session.fail(id, answer.error, answer.detail);
}

function welcome(session: Session, id: number, channel: string, inbox: SubscribeResult): void {
  const { config, version, now, chat, heartbeat } = session.context;
  const beat = heartbeat(session);
  session.state = 'connected';
  session.slice = beat.slice;
  session.heardAt = now();
  const time = chat.reportedTime.report();
  session.reply(id, {
    method: 'connect',
    client: session.client,
    version,
    ttl: secondsLeft(session.identity?.expiresAt ?? now(), now()),
    ping: config.pingSeconds,
    pong: true,
    time,
    // The time once more: SDKs hand out the data, not the field.
    data: Buffer.from(JSON.stringify({ gateway: config.processName, version, time })),
    subs: new Map([[channel, inbox]]),
  });
  session.subscribeTopic(beat.topic);
}

/** The longest ttl a client hears of, a year: timers of SDKs end at once, or never, for what is much longer. */
const LONGEST_TTL_SECONDS = 365 * 86_400;

/** Seconds to an expiry as the client hears of it, at least 1; 0 if there is none. */
export function secondsLeft(expiresAt: Moment, now: Moment): number {
  if (!Number.isFinite(expiresAt)) return 0;
  return Math.min(Math.max(1, Math.ceil((expiresAt - now) / 1000)), LONGEST_TTL_SECONDS);
}
