import type { Position, Publication, Reply } from '../../protocol/codec.ts';
import { ERRORS } from '../../protocol/codes.ts';
import { portionOf } from '../../room/portion.ts';
import { publicationOf, type Room } from '../../room/room.ts';
import { CommandError } from '../failure.ts';
import type { Session } from '../session.ts';
import { allow } from './allow.ts';
import type { Of } from './registry.ts';

/** Bytes of one page, at most half a send buffer: a reply is one frame, and a reader must be able to take it. */
const PAGE_BYTES = 512 * 1024;

/**
 * Pages through a room: forwards after `since` (exclusive), or backwards before it, from the top if there is none. A
 * page may be shorter than asked for; only an empty one is the end.
 */
export function history(session: Session, command: Of<'history'>): undefined {
  allow(session, command.channel, 'history');
  session.inTurn(command.id, () => read(session, command));
}

async function read(session: Session, command: Of<'history'>): Promise<Reply> {
  const { context } = session;
  const { channel, since } = command;
  const top = await positionOf(session, channel);
  if (since && since.epoch !== '' && since.epoch !== top.epoch) throw new CommandError(ERRORS.unrecoverablePosition);
  const most = context.config.historyLimit;
  const limit = command.limit < 0 ? most : Math.min(command.limit, most);
  const page = async () => {
    if (limit === 0) return [];
    if (command.reverse) return await backwards(session, channel, since?.offset ?? Number.MAX_SAFE_INTEGER, limit);
    return (await context.reader.after(channel, since?.offset ?? 0, limit)).messages.map(publicationOf);
  };
  const publications = await page();
  const pageBytes = Math.min(PAGE_BYTES, context.config.sendBufferBytes / 2);
  return {
    method: 'history',
    publications: publications.slice(0, portionOf(publications, limit, pageBytes)),
    epoch: top.epoch,
    offset: top.offset,
  };
}

/** From the room's tail if that has the page, else from the stream and MongoDB. */
async function backwards(session: Session, channel: string, before: number, limit: number): Promise<Publication[]> {
  const { rooms, reader } = session.context;
  const room = rooms.find(channel);
  if (room?.epoch && room.tail.before(before, limit) && (before <= room.held || (await upToDate(room)))) {
    const page = room.tail.before(before, limit); // it may have moved
    if (page) return page;
  }
  return (await reader.before(channel, before, limit)).map(publicationOf);
}

/** Whether nothing is acknowledged that has not come to the room yet. */
async function upToDate(room: Room): Promise<boolean> {
  const { top, epoch } = await room.place();
  return !room.closed && room.epoch === epoch && top <= room.held;
}

async function positionOf(session: Session, channel: string): Promise<Position> {
  const { rooms } = session.context;
  const room = rooms.find(channel);
  if (room?.epoch) return room.position();
  return await rooms.places.of(channel);
}
