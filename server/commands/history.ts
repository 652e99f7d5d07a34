import { readAllowed } from '../access/room-access.ts';
import type { Position, Publication, Reply } from '../protocol/codec.ts';
import { ERRORS } from '../protocol/codes.ts';
import type { CommandOf } from '../protocol/command.ts';
import { CommandError } from '../protocol/command-error.ts';
import { portionOf } from '../room/portion.ts';
import type { OlderPage } from '../room/reader.ts';
import { publicationOf, type Room } from '../room/room.ts';
import type { Session } from '../session/session.ts';
import { whenAllowed } from './when-allowed.ts';

/** Most bytes of one page, and at most half a send buffer: a reply is one frame, which the send buffer has to hold. */
const PAGE_BYTES = 512 * 1024;
/** Messages of the first read, before their size is known: few enough for memory even if all are large. */
const FIRST_STEP = 50;
const SKIPPED = Buffer.from('{"type":"skipped"}');

/**
 * Answers a page of a room: forwards after `since` (exclusive), or backwards before it, from the top if there is none. A
 * page may be shorter than the limit; only an empty one is the end. One without messages for another reason has a `skipped`.
 */
export function history(session: Session, command: CommandOf<'history'>): Promise<void> | undefined {
  return whenAllowed(session, command.channel, 'history', access => {
    session.read(command.id, () => readAllowed(access, above => read(session, command, above)));
    return undefined;
  });
}

/** @param above offset of the last message that the user may not read */
async function read(session: Session, command: CommandOf<'history'>, above: number) {
  const { context } = session;
  const { channel, since } = command;
  const top = await positionOf(session, channel);
  if (since && since.epoch !== '' && since.epoch !== top.epoch) throw new CommandError(ERRORS.unrecoverablePosition);
  const most = context.config.historyLimit;
  const limit = command.limit < 0 ? most : Math.min(command.limit, most);
  const step = async (from: number | undefined, count: number) => {
    if (!command.reverse) return publicationsOf(await context.reader.after(channel, Math.max(from ?? 0, above), count));
    const page = await backwards(session, channel, from ?? Number.MAX_SAFE_INTEGER, count);
    return above === 0 ? page : page.filter(({ offset }) => offset > above);
  };
  const pageBytes = Math.min(PAGE_BYTES, context.config.sendBufferBytes / 2);
  const publications = await inSteps(since?.offset, limit, pageBytes, step);
  const value: Reply = {
    method: 'history',
    publications: publications.slice(0, portionOf(publications, limit, pageBytes)),
    epoch: top.epoch,
    offset: top.offset,
  };
  return { value, upto: publications.reduce((last, { offset }) => Math.max(last, offset), 0) };
}

/** Reads about as much as fits into a page: few large messages, or all small ones in two steps. */
async function inSteps(
  from: number | undefined,
  limit: number,
  pageBytes: number,
  read: (from: number | undefined, count: number) => Promise<readonly Publication[]>,
): Promise<readonly Publication[]> {
  const found: Publication[] = [];
  let bytes = 0;
  for (let count = Math.min(limit, FIRST_STEP); count > 0; ) {
    const more = await read(found.at(-1)?.offset ?? from, count).catch((error: unknown) => {
      if (found.length === 0) throw error;
      return []; // a page may be short
    });
    found.push(...more);
    for (const { data } of more) bytes += data.byteLength;
    if (more.length < count) break;
    const mean = Math.max(1, bytes / found.length);
    count = Math.min(limit - found.length, Math.floor((pageBytes - bytes) / mean));
  }
  return found;
}

/** Reads backwards: from the room's tail if it has the page, else from the stream and MongoDB. */
async function backwards(session: Session, channel: string, before: number, limit: number): Promise<Publication[]> {
  const { rooms, reader } = session.context;
  const room = rooms.find(channel);
  if (room?.epoch && room.tail.before(before, limit) && (before <= room.latest || (await upToDate(room)))) {
    const page = room.tail.before(before, limit); // the tail may have moved during the wait
    if (page) return page;
  }
  return publicationsOf(await reader.before(channel, before, limit));
}

/**
 * Publications of a page. One in which too many messages in a row were left out has a publication of the type `skipped` at the last
 * of their offsets instead: an empty page is the end for every client, and any client goes on from the last offset of a page.
 */
const publicationsOf = ({ messages, skippedTo }: OlderPage): Publication[] =>
  skippedTo === null ? messages.map(publicationOf) : [{ data: SKIPPED, offset: skippedTo, type: 'skipped' }];

/** True if every acknowledged message has reached the room. */
async function upToDate(room: Room): Promise<boolean> {
  const { top, epoch } = await room.place();
  return !room.closed && room.epoch === epoch && top <= room.latest;
}

async function positionOf(session: Session, channel: string): Promise<Position> {
  const { rooms } = session.context;
  const room = rooms.find(channel);
  if (room?.epoch) return room.position();
  return await rooms.places.of(channel);
}
