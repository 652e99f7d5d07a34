import type { Codec, Position, Publication, SubscribeResult } from '../protocol/codec.ts';
import type { RoomLog } from './log.ts';
import type { Member } from './member.ts';
import type { RoomReader, Source } from './reader.ts';
import { publicationOf, type Room } from './room.ts';

export interface JoinOptions {
  readonly reader: RoomReader;
  readonly log: RoomLog;
  readonly chunk: number;
  readonly limit: number;
  /** Counts a recovery by the deepest place it read, or its failure. */
  readonly recovered: (source: Source | 'failed') => void;
}

/**
 * Puts a member into a room without a hole and without a repeat between what `answer` carries, what is pushed after it
 * and what comes live. More than one chunk of missed messages is pushed after the answer, as fast as the member reads.
 * @param from position to recover from; null starts at the room's top
 * @param answer called once, with what the subscribe reply says
 * @throws {ReadFailed} when the stream does not answer, before `answer` was called
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
    if (member.alive()) await enter(room, member, codec, from, options, answer);
  } finally {
    room.joining -= 1;
  }
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
    answer({ ...fresh, offset: room.held, wasRecovering: false, recovered: false, publications: [] });
    room.add(member);
    return;
  }
  const lost = () => {
    options.recovered('failed');
    answer({ ...fresh, offset: room.held, wasRecovering: true, recovered: false, publications: [] });
    room.add(member);
  };
  if (from.epoch !== '' && from.epoch !== room.epoch) return lost();
  if (from.offset > room.held) {
    // Another gateway may have been ahead of this one, or have opened the room when the stream was longer.
    if (from.offset > (await options.log.state(options.log.partitionOf(room.name))).last) return lost();
    await room.reached(await options.log.top(room.name));
  }

  let at = from.offset;
  let source: Source = 'tail';
  let answered = false;
  const emit = (publications: readonly Publication[]) => {
    at = publications.at(-1)?.offset ?? at;
    if (!answered) {
      answered = true;
      answer({ ...fresh, offset: from.offset, wasRecovering: true, recovered: true, publications });
      return;
    }
    for (const publication of publications)
      member.send(codec.push({ type: 'publication', channel: room.name, publication }));
  };

  try {
    while (member.alive()) {
      if (room.closed) throw new Error('the stream changed while a member recovered');
      if (at >= room.tail.from) {
        const missed = room.tail.after(at);
        emit(missed.slice(0, options.chunk));
        if (missed.length <= options.chunk) {
          room.add(member); // in the same turn as the last of the tail: nothing can come between
          options.recovered(source);
          return;
        }
      } else {
        const page = await options.reader.after(room.name, at, options.chunk);
        if (!member.alive()) return;
        if (!answered && page.messages.length + page.pending > options.limit) return lost();
        if (source !== 'mongodb') source = page.source;
        // What was left before the tail has been erased.
        if (page.messages.length === 0) at = room.tail.from;
        else emit(page.messages.map(publicationOf));
      }
      await member.writable();
    }
  } catch (error) {
    if (!answered) throw error;
    member.expelled(room.name); // it keeps what it has and subscribes again from there
  }
}
