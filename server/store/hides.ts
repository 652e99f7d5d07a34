import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import type { HideEntry } from '../fold/entry.ts';
import type { MessagePlace } from '../room/views.ts';
import { READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { padded } from './votes.ts';

/** A message that a user has hidden: a document in the collection `hides`. */
export interface HideDocument {
  /** User, room and offset, in this order: see {@link hideKey}. */
  readonly _id: string;
  readonly offset: number;
  /** Id of the message. */
  readonly of: string;
}

/** Key of a hidden message: those of a user in a room are sorted by offset. */
const hideKey = (user: string, room: string, offset: number): string =>
  [JSON.stringify(user), room, padded(offset)].join('\0');

/** Writes of a hide. Hiding a message again changes nothing. */
export const hideWrites = ({ user, room, targets }: HideEntry): AnyBulkWriteOperation<HideDocument>[] =>
  targets.map(({ target, of }) => ({
    updateOne: {
      filter: where('hides.one', { _id: hideKey(user, room, target) }),
      update: { $set: { offset: target, of } },
      upsert: true,
    },
  }));

/** See {@link ViewReader.hidden}. */
export async function hiddenBy(
  hides: Collection<HideDocument>,
  user: string,
  room: string,
  range: { readonly from: number; readonly to: number },
): Promise<number[]> {
  const _id = { $gte: hideKey(user, room, range.from), $lte: hideKey(user, room, range.to) };
  return (await hides.find(where('hides.of-room', { _id }), READ).toArray()).map(({ offset }) => offset);
}

/** See {@link ViewReader.hiddenOf}. */
export async function hiddenAt(
  hides: Collection<HideDocument>,
  user: string,
  places: readonly MessagePlace[],
): Promise<MessagePlace[]> {
  const keys = new Map(places.map(place => [hideKey(user, place.room, place.offset), place]));
  const found = await hides.find(where('hides.some', { _id: { $in: [...keys.keys()] } }), READ).toArray();
  return found.flatMap(({ _id }) => keys.get(_id) ?? []);
}
