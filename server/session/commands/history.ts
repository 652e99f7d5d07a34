import type { Position } from '../../protocol/codec.ts';
import { ERRORS } from '../../protocol/codes.ts';
import { portionOf } from '../../room/portion.ts';
import { publicationOf } from '../../room/room.ts';
import { CommandError } from '../failure.ts';
import type { Session } from '../session.ts';
import { allow } from './allow.ts';
import type { Of } from './registry.ts';

/** Bytes of one page: a reply is one frame, and a reader must be able to take it. */
const PAGE_BYTES = 512 * 1024;

/**
 * Pages through a room: forwards after `since` (exclusive), or backwards before it, from the top if there is none. A
 * page may be shorter than asked for; only an empty one is the end.
 */
export function history(session: Session, command: Of<'history'>): undefined {
  allow(session, command.channel, 'history');
  session.inTurn(command.id, () => read(session, command));
}

async function read(session: Session, command: Of<'history'>): Promise<void> {
  const { context } = session;
  const { channel, since } = command;
  const top = await positionOf(session, channel);
  if (since && since.epoch !== '' && since.epoch !== top.epoch) throw new CommandError(ERRORS.unrecoverablePosition);
  const most = context.config.historyLimit;
  const limit = command.limit < 0 ? most : Math.min(command.limit, most);
  const page = async () => {
    if (limit === 0) return [];
    if (command.reverse)
      return await context.reader.before(channel, since ? since.offset : Number.MAX_SAFE_INTEGER, limit);
    return (await context.reader.after(channel, since?.offset ?? 0, limit)).messages;
  };
  const publications = (await page()).map(publicationOf);
  session.reply(command.id, {
    method: 'history',
    publications: publications.slice(0, portionOf(publications, limit, PAGE_BYTES)),
    epoch: top.epoch,
    offset: top.offset,
  });
}

async function positionOf(session: Session, channel: string): Promise<Position> {
  const { rooms } = session.context;
  const room = rooms.find(channel);
  if (room?.epoch) return room.position();
  return await rooms.places.of(channel);
}
