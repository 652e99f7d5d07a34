import type { Codec, Position, Publication, SubscribeResult } from '../protocol/codec.ts';
import { ReadFailed } from './log.ts';
import type { Member } from './member.ts';
import { portionOf } from './portion.ts';
import type { RoomReader, Source } from './reader.ts';
import { publicationOf, type Room } from './room.ts';

export interface JoinOptions {
  readonly reader: RoomReader;
  /** Most messages, and about as many bytes, that are sent before the reader is looked at again. */
  readonly chunk: () => number;
  readonly chunkBytes: number;
  /** Most messages that are recovered. */
  readonly limit: () => number;
  /** Counts a recovery by the deepest place it read, or its failure. */
  readonly recovered: (source: Source | 'failed') => void;
}

/**
 * Puts a member into a room without a hole and without a repeat between what `answer` carries, what is pushed after it
 * and what comes live. More than one chunk of missed messages is pushed after the answer, as fast as the member reads:
 * for one that does not read its position is kept, and no message.
 * @param from position to recover from; null starts at the room's top
 * @param answer called once, with what the subscribe reply says; not at all if the member is gone by then
 * @throws {ReadFailed} when the stream does not answer or changed, before `answer` was called
 * @throws {StoreUnavailable} when MongoDB is needed and away, before `answer` was called
 */
export async function join(
  room: Room,
  member: Member,
  codec: Codec,
  from: Position | null,
  options: JoinOptions,
  answer: (result: SubscribeResult) => void,
): Promise<void> {
  room.joining += 1;
  try {
    await room.ready();
    if (!left(room, member)) await enter(room, member, codec, from, options, answer);
  } finally {
    room.joining -= 1;
  }
}

/**
 * Whether the member is gone. To be asked after every wait, before anything is done for it.
 * @throws {ReadFailed} when the room is: its offsets count in a stream that is no more
 */
function left(room: Room, member: Member): boolean {
  if (!member.alive()) return true;
  if (room.closed) throw new ReadFailed('the stream changed while a member joined');
  return false;
}

async function enter(
  room: Room,
  member: Member,
  codec: Codec,
  from: Position | null,
  options: JoinOptions,
  answer: (result: SubscribeResult) => void,
): Promise<void> {
  const fresh = { recoverable: true, positioned: true, epoch: room.epoch };
  if (!from) {
    answer({ ...fresh, offset: room.latest, wasRecovering: false, recovered: false, publications: [] });
    room.add(member);
    return;
  }
  const lost = () => {
    options.recovered('failed');
    answer({ ...fresh, offset: room.latest, wasRecovering: true, recovered: false, publications: [] });
    room.add(member);
  };
  if (from.epoch !== '' && from.epoch !== room.epoch) return lost();
  if (from.offset > room.whole) {
    // Another gateway may have been ahead of this one, or have opened the room when the stream was longer.
    const place = await room.place();
    if (left(room, member)) return;
    // A room hears of a new epoch with its next comparison; until then its own says nothing of what the stream holds.
    if (place.epoch !== room.epoch || from.offset > place.last) return lost();
    await room.reached(place.top);
  }

  let at = from.offset;
  /** What the client continues from: each publication that follows moves it on, so it must not be above what it has. */
  let start = at;
  let most = options.chunk();
  let source: Source = 'tail';
  let answered = false;
  const emit = (publications: readonly Publication[]) => {
    at = publications.at(-1)?.offset ?? at;
    if (!answered) {
      answered = true;
      answer({ ...fresh, offset: start, wasRecovering: true, recovered: true, publications });
      return;
    }
    for (const publication of publications)
      member.send(codec.push({ type: 'publication', channel: room.name, publication }));
  };
  /** Sends what the member takes now; the rest is read again, as who waits holds no messages. */
  const pace = (publications: readonly Publication[]) => {
    let sent = 0;
    // Others of the same connection may be at it too: only who looks and sends in one turn knows what waits.
    while (sent < publications.length && !member.congested()) {
      const rest = publications.slice(sent);
      const count = portionOf(rest, options.chunk(), options.chunkBytes);
      emit(rest.slice(0, count));
      sent += count;
    }
    if (!answered) emit([]);
    return sent;
  };
  /** @returns true when nothing is missing any more */
  const fromTail = (): boolean => {
    if (at < room.tail.from) return false;
    const missed = room.tail.after(at);
    if (missed.length === 0) start = Math.max(at, room.latest);
    if (pace(missed) < missed.length) return false;
    room.add(member); // in the same turn as the last of the tail: nothing can come between
    options.recovered(source);
    return true;
  };
  /** @returns false when the member cannot be given what it missed */
  const fromLog = async (): Promise<boolean> => {
    const tailFrom = room.tail.from;
    if (left(room, member) || at >= tailFrom || (answered && member.congested())) return true;
    const page = await options.reader.after(room.name, at, most, !answered);
    if (left(room, member)) return true;
    if (page.holed) return false;
    if (!answered && page.messages.length + page.pending > options.limit()) return false;
    if (source !== 'mongodb') source = page.source;
    const sent = pace(page.messages.map(publicationOf));
    // What was left before the tail has been erased. The tail may have moved since, with messages the page lacks.
    if (page.messages.length === 0) at = tailFrom;
    // Of large messages fewer are sent at once: more of them would be read in vain.
    if (sent === page.messages.length) most = Math.min(options.chunk(), Math.ceil(most * 1.5));
    else if (sent > 0) most = sent;
    return true;
  };

  try {
    while (!left(room, member)) {
      if (fromTail()) return;
      if (answered && member.congested()) await member.writable();
      else if (at < room.tail.from) {
        const recoverable = await member.inSlot(fromLog);
        if (left(room, member)) return;
        if (!recoverable && answered) return member.expelled(room.name); // the next subscribe says that it is lost
        if (!recoverable) return lost();
        // LOG is ahead of the live flow: what the member has by now must not come to it again.
        await room.reached(at);
      }
    }
  } catch (error) {
    if (!answered) throw error;
    member.expelled(room.name); // it keeps what it has and subscribes again from there
  }
}
