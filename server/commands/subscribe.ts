import { inboxOf } from '../access/names.ts';
import { authorize, type RoomAccess } from '../access/room-access.ts';
import type { SubscribeResult } from '../protocol/codec.ts';
import { ERRORS } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { CommandError } from '../protocol/command-error.ts';
import { inTime } from '../session/in-time.ts';
import type { Session } from '../session/session.ts';
import { Subscription } from '../session/subscription.ts';

/** Bit of the subscribe flag: error 112 instead of `recovered: false`. */
const FLAG_UNRECOVERABLE_ERROR = 2;

export function subscribe(session: Session, command: CommandOf<'subscribe'>): Promise<void> | undefined {
  const { identity, context } = session;
  if (!identity) throw new CommandError(ERRORS.unauthorized);
  return begin(session, command, authorize(context.chat.access, identity, command.channel, 'subscribe'));
}

type Rights = RoomAccess | Promise<RoomAccess>;

/** @param rights are loaded beside the room, so that the subscribes of a connection need not wait for each other */
function begin(session: Session, command: CommandOf<'subscribe'>, rights: Rights): undefined {
  if (rights instanceof Promise) rights.catch(() => undefined); // awaited below, if nothing else refuses the command
  const { channel } = command;
  // 108 is final for SDKs. After 109 they would get another token, again and again.
  if (command.token !== '')
    throw new CommandError(
      ERRORS.notAvailable,
      'subscription tokens are not read: the claim rooms of the connection lists rooms',
    );
  if (session.subscriptions.has(channel)) throw new CommandError(ERRORS.alreadySubscribed);
  const { maxSubscriptions } = session.context.config;
  const own = session.identity && session.subscriptions.has(inboxOf(session.identity.user)) ? 1 : 0;
  if (session.subscriptions.size - own >= maxSubscriptions)
    throw new CommandError(ERRORS.limitExceeded, `at most ${maxSubscriptions} subscriptions a connection`);
  if (command.type !== 0) throw new CommandError(ERRORS.notAvailable, 'only stream subscriptions are offered');
  if (command.filtered) throw new CommandError(ERRORS.badRequest, 'tags filters are not offered');
  const { rooms, chat } = session.context;
  if (session.user && !rooms.find(channel)) chat.limits.openedRoom(session.user);

  const subscription = new Subscription(session, rooms.open(channel), false);
  session.subscriptions.set(channel, subscription);
  return session.background(command.id, answer(session, command, subscription, rights));
}

async function answer(
  session: Session,
  command: CommandOf<'subscribe'>,
  subscription: Subscription,
  rights: Rights,
): Promise<void> {
  const { channel, joinLeave } = command;
  const reply = (result: SubscribeResult) => {
    if (result.wasRecovering && !result.recovered && (command.flag & FLAG_UNRECOVERABLE_ERROR) !== 0)
      throw new CommandError(ERRORS.unrecoverablePosition);
    session.reply(command.id, { method: 'subscribe', ...result });
  };
  try {
    const enter = ({ readableAbove: above = 0 }: RoomAccess) => {
      const { recover, position } = command;
      return subscription.enter(recover ? { ...position, above } : null, { joinLeave, reply });
    };
    const entering = rights instanceof Promise ? rights.then(enter) : enter(rights);
    await inTime(Promise.race([entering, subscription.answered()]), session.context.after);
    await entering;
  } catch (error) {
    forget(session, channel, subscription);
    throw error;
  }
}

/** Leaves a room, after a subscribe under way. Succeeds for every room: SDKs take an error for a broken connection. */
export async function unsubscribe(session: Session, command: CommandOf<'unsubscribe'>): Promise<void> {
  const { channel } = command;
  const subscription = session.subscriptions.get(channel);
  if (subscription && !subscription.server) {
    await subscription.answered();
    forget(session, channel, subscription);
  }
  session.reply(command.id, { method: 'unsubscribe' });
}

function forget(session: Session, channel: string, subscription: Subscription): void {
  subscription.leave();
  if (session.subscriptions.get(channel) === subscription) session.subscriptions.delete(channel);
}
