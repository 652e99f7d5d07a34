import type { Collection } from 'mongodb';
import type { Target } from '../fold/entry.ts';
import type { MessagePlace } from '../room/views.ts';
import type { MessageDocument } from './document.ts';
import { READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { aboutMessage, messageKeyOf, type VoteDocument } from './votes.ts';

/** Messages of one read: each is looked up in the index by itself, and a read costs more than a look-up. */
const TOGETHER = 20;
/** Reads that are under way at the same time: below the connections of the driver's pool. */
const READS = 8;

/** Reads the documents at places: one each, or one for each incarnation of the stream that used the offset. */
export async function messagesAt(
  messages: Collection<MessageDocument>,
  places: readonly MessagePlace[],
): Promise<MessageDocument[]> {
  return await inParts(places, async part => {
    const $or = part.map(({ room, offset }) => where<'messages.at', MessageDocument>('messages.at', { room, offset }));
    return await messages.find({ $or }, READ).toArray();
  });
}

/** Key of a place. */
export const placeKey = ({ room, offset }: MessagePlace): string => `${room}\0${offset}`;

/** Reads all votes on messages. @returns by {@link messageKeyOf} */
export async function votesOn(
  reactions: Collection<VoteDocument>,
  messages: readonly (Target & { readonly room: string })[],
): Promise<ReadonlyMap<string, readonly VoteDocument[]>> {
  const votes = await inParts(messages, async part => {
    const $or = part.map(({ room, target, of }) =>
      where<'reactions.of-message', VoteDocument>('reactions.of-message', { _id: aboutMessage(room, target, of) }),
    );
    return await reactions.find({ $or }, READ).toArray();
  });
  return Map.groupBy(votes, ({ _id }) =>
    _id
      .split('\0')
      .slice(0, messageKeyOf('', 0, '').split('\0').length)
      .join('\0'),
  );
}

async function inParts<T, R>(items: readonly T[], read: (part: readonly T[]) => Promise<R[]>): Promise<R[]> {
  const starts = Array.from({ length: Math.ceil(items.length / TOGETHER) }, (_, index) => index * TOGETHER).values();
  const results: R[] = [];
  const lane = async () => {
    for (const start of starts) results.push(...(await read(items.slice(start, start + TOGETHER))));
  };
  await Promise.all(Array.from({ length: READS }, lane));
  return results;
}
