import type { Codec, Position, Publication, SubscribeResult } from '../protocol/codec.ts';
import type { Joiner } from './control-lane.ts';
import { ReadFailed } from './log.ts';
import type { Member } from './member.ts';
import { portionOf } from './portion.ts';
import type { RoomReader, Source } from './reader.ts';
import { publicationOf, type Room } from './room.ts';

export interface JoinOptions {
  readonly reader: RoomReader;
  /** Most messages that are sent before {@link Member.congested} is checked again. */
  readonly chunk: () => number;
  /** The same in bytes, roughly. */
  readonly chunkBytes: number;
  /** Most messages that one join recovers. */
  readonly limit: () => number;
  /** Counts a recovery by the deepest place it read, or its failure. */
  readonly recovered: (source: Source | 'failed') => void;
}

/** Position to recover from. */
export interface JoinFrom extends Position {
  /** Offset above which the user may read, if the state of the room does not tell. Default: 0. */
  readonly above?: number;
}

/**
 * Adds a member to a room without a gap and without a repeat between the answer, the pushes after it and the live messages. Missed
 * messages beyond one chunk are pushed after the answer, as fast as the client reads; for a client that does not read only the
 * position is kept in memory, no message.
 * @param from null starts at the room's top
 * @param answer called once with the subscribe reply; not called if the member is gone before
 * @throws {CommandError} if the user may not read the room
 * @throws {ReadFailed} if the stream does not answer or changes before `answer` is called
 * @throws {StoreUnavailable} if MongoDB is needed and away before `answer` is called
 */
export async function join(
  room: Room,
  member: Member,
  codec: Codec,
  from: JoinFrom | null,
  options: JoinOptions,
  answer: (result: SubscribeResult) => void,
): Promise<void> {
  const joiner = room.lane.join(member);
  try {
    await room.ready();
    if (left(room, member)) return;
    const admitting = room.lane.admit(member.user);
    if (admitting) await admitting;
    if (!left(room, member)) await enter(room, joiner, codec, readableFrom(room, member, from), options, answer);
  } finally {
    room.lane.leave(joiner);
  }
}

/** Position from which a member who was admitted may recover: the state that admitted it tells since when it is in the room. */
function readableFrom(room: Room, { user }: Member, from: JoinFrom | null): Position | null {
  if (!from) return null;
  const above = room.lane.readableAbove(user) ?? from.above ?? 0;
  return from.offset < above ? { ...from, offset: above } : from;
}

/**
 * Returns true if the member is gone. Call after every await, before the next step.
 * @throws {ReadFailed} if the room is closed: its offsets belong to a stream that is gone
 */
function left(room: Room, member: Member): boolean {
  if (!member.alive()) return true;
  if (room.closed) throw new ReadFailed('the stream changed while a member joined');
  return false;
}

async function enter(
  room: Room,
  joiner: Joiner,
  codec: Codec,
  from: Position | null,
  options: JoinOptions,
  answer: (result: SubscribeResult) => void,
): Promise<void> {
  const { member } = joiner;
  /** Ends the join in the same tick as the last message of the tail, so that no live message comes between. */
  const settle = () => (joiner.cut > 0 ? member.removed(room.name) : room.add(member));
  /** Messages that the member may get: none above the entry that took the room from its user. */
  const allowed = (publications: readonly Publication[]) =>
    joiner.cut === 0 ? publications : publications.filter(({ offset }) => offset <= joiner.cut);
  const fresh = { recoverable: true, positioned: true, epoch: room.epoch };
  if (!from) {
    answer({ ...fresh, offset: room.latest, wasRecovering: false, recovered: false, publications: [] });
    return settle();
  }
  const lost = () => {
    options.recovered('failed');
    answer({ ...fresh, offset: room.latest, wasRecovering: true, recovered: false, publications: [] });
    settle();
  };
  if (from.epoch !== '' && from.epoch !== room.epoch) return lost();
  if (from.offset > room.whole) {
    // The client comes from a gateway that was ahead of this one, or whose stream was longer.
    const place = await room.place();
    if (left(room, member)) return;
    // A room learns a new epoch with its next comparison: until then its own may be outdated.
    if (place.epoch !== room.epoch || from.offset > place.last) return lost();
    await room.reached(place.top);
  }

  let at = from.offset;
  /** Offset in the answer. Each publication moves the client on from it, so it must not be above what the client has. */
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
  /** Sends what the member takes now. The rest is read again later: a waiting member keeps no messages in memory. */
  const pace = (publications: readonly Publication[]) => {
    let sent = 0;
    // Another join of the same connection may be sending too: check and send in one tick.
    while (sent < publications.length && !member.congested()) {
      const rest = publications.slice(sent);
      const count = portionOf(rest, options.chunk(), options.chunkBytes);
      emit(rest.slice(0, count));
      sent += count;
    }
    if (!answered) emit([]);
    return sent;
  };
  /** @returns true once nothing is missing */
  const fromTail = (): boolean => {
    if (at < room.tail.from) return false;
    const missed = allowed(room.tail.after(at));
    if (missed.length === 0 && joiner.cut === 0) start = Math.max(at, room.latest);
    if (pace(missed) < missed.length) return false;
    settle();
    options.recovered(source);
    return true;
  };
  /** @returns false if what the member missed cannot be recovered */
  const fromLog = async (): Promise<boolean> => {
    const tailFrom = room.tail.from;
    if (left(room, member) || at >= tailFrom || (answered && member.congested())) return true;
    const page = await options.reader.after(room.name, at, most, !answered);
    if (left(room, member)) return true;
    // LOG is ahead of the live flow: only that tells whether an entry takes the room from the member.
    const control = page.messages.findLast(({ cv, offset }) => cv > 0 && offset > room.latest);
    if (control) await room.reached(control.offset);
    if (left(room, member)) return true;
    if (page.holed) return false;
    if (!answered && page.messages.length + page.pending > options.limit()) return false;
    if (source !== 'mongodb') source = page.source;
    const publications = allowed(page.messages.map(publicationOf));
    // Of a long stretch that is left out the client has everything: a client that is cut off goes on from its end.
    if (!answered && page.skippedTo !== null) start = page.skippedTo;
    const sent = pace(publications);
    if (publications.length < page.messages.length && sent === publications.length) at = joiner.cut;
    // The messages before the tail have been erased. The tail may have moved since, with messages that the page lacks.
    if (page.messages.length === 0) at = page.skippedTo ?? tailFrom;
    // Fewer large messages are sent at once: reading more of them would be in vain.
    if (sent === publications.length) most = Math.min(options.chunk(), Math.ceil(most * 1.5));
    else if (sent > 0) most = sent;
    return true;
  };

  try {
    while (!left(room, member)) {
      if (joiner.cut > 0 && at >= joiner.cut && answered) return member.removed(room.name);
      if (fromTail()) return;
      if (answered && member.congested()) await member.writable();
      else if (at < room.tail.from) {
        const recoverable = await member.inSlot(fromLog);
        if (left(room, member)) return;
        if (!recoverable && answered) return member.expelled(room.name); // the reply to its next subscribe says so
        if (!recoverable) return lost();
        // LOG is ahead of the live flow: the member must not get again what it has by now.
        await room.reached(at);
      }
    }
  } catch (error) {
    if (!answered) throw error;
    member.expelled(room.name); // it keeps what it has and subscribes again from there
  }
}
