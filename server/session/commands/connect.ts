import { inboxOf } from '../../auth/policy.ts';
import { TokenRefused } from '../../auth/token.ts';
import type { Moment } from '../../clock.ts';
import type { SubscribeResult } from '../../protocol/codec.ts';
import { CLOSES, ERRORS } from '../../protocol/codes.ts';
import { join } from '../../room/join.ts';
import { answerTo } from '../failure.ts';
import type { Session } from '../session.ts';
import { Subscription } from '../subscription.ts';
import type { Of } from './registry.ts';

/** Signs the connection in and subscribes it to the inbox of its user, then answers: the reply is the first frame. */
export async function connect(session: Session, command: Of<'connect'>): Promise<void> {
  const { context } = session;
  if (command.token === '') return session.end(CLOSES.badRequest); // nobody is anonymous
  try {
    session.identity = await context.verify(command.token);
    context.meter.tokenChecked(true);
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error;
    if (session.gone) return;
    context.metrics.tokensRefused.inc({ reason: error.reason });
    if (error.reason === 'invalid') {
      context.meter.tokenChecked(false);
      return session.end(CLOSES.invalidToken);
    }
    session.state = 'refused';
    return session.fail(command.id, ERRORS.tokenExpired);
  }
  if (session.gone) return;

  const channel = inboxOf(session.identity.user);
  const inbox = new Subscription(session, context.rooms.open(channel), true);
  const wanted = command.subs.get(channel);
  const from = wanted?.recover ? { offset: wanted.offset, epoch: wanted.epoch } : null;
  const joined = join(inbox.room, inbox, session.codec, from, context.join, result => {
    session.subscriptions.set(channel, inbox);
    welcome(session, command.id, channel, result);
    inbox.answer();
  });
  try {
    await Promise.race([joined, inbox.answered()]); // what the inbox still recovers holds up no command
  } catch (error) {
    if (session.state !== 'connecting') throw error;
    session.state = 'refused';
    const answer = answerTo(error);
    session.fail(command.id, answer.error, answer.detail);
  }
}

function welcome(session: Session, id: number, channel: string, inbox: SubscribeResult): void {
  const { config, version, now, wallClock, heartbeat } = session.context;
  const beat = heartbeat(session);
  session.state = 'connected';
  session.slice = beat.slice;
  session.heardAt = now();
  const time = wallClock();
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

/** Seconds to an expiry, at least 1; 0 if there is none. */
export function secondsLeft(expiresAt: Moment, now: Moment): number {
  return Number.isFinite(expiresAt) ? Math.max(1, Math.ceil((expiresAt - now) / 1000)) : 0;
}
