import type { AnyBulkWriteOperation } from 'mongodb';
import type { CountableMessage, CountReader, CountWriter } from '../room/counts.ts';
import { isCountable, type MessageDocument } from './document.ts';
import { missingIndexes } from './indexes.ts';
import { EVERYBODY, mentionsWithin } from './mention-keys.ts';
import { type MongoConnection, READ } from './mongo-connection.ts';
import { QUERIES, where } from './queries.ts';
import { writeAll } from './write-all.ts';

type Marked = Pick<MessageDocument, 'room' | 'offset' | 'type' | 'id' | 'deleted' | 'c'>;

const NEEDED: readonly string[] = [QUERIES['messages.uncounted'].index, QUERIES['messages.countable'].index];

/** Marks by which messages of the collection `messages` are counted. All methods may be called at the same time. */
export class CountStore implements CountReader, CountWriter {
  readonly #connection: MongoConnection;
  readonly countedUpTo: CountReader['countedUpTo'];

  constructor(connection: MongoConnection, countedUpTo: CountReader['countedUpTo']) {
    this.#connection = connection;
    this.countedUpTo = countedUpTo;
  }

  async markCountable(
    partition: number,
    { after, upto, limit }: Parameters<CountWriter['markCountable']>[1],
  ): Promise<number | null> {
    return await this.#connection.write(async () => {
      const messages = await this.#messages();
      const missing = await missingIndexes(messages);
      if (missing?.some(name => NEEDED.includes(name))) return null;
      const offset = { $gt: after, $lte: upto };
      const found = await messages
        .find(where('messages.uncounted', { partition, type: 'message', offset }), {
          ...READ,
          projection: { _id: 0, room: 1, offset: 1, type: 1, id: 1, deleted: 1, c: 1 },
        })
        .sort({ offset: 1 })
        .limit(limit)
        .toArray();
      await writeAll(messages, countWrites(found));
      // A full page may lack others at its last offset, which two incarnations of a stream used.
      return found.length < limit ? upto : (found.at(-1)?.offset ?? upto) - 1;
    });
  }

  countable(
    room: string,
    { after, before, limit }: Parameters<CountReader['countable']>[1],
  ): Promise<CountableMessage[]> {
    const offset = before === Number.POSITIVE_INFINITY ? { $gt: after } : { $gt: after, $lt: before };
    return this.#connection.read(async () =>
      (await this.#messages())
        .find(where('messages.countable', { room, c: 1, offset }), {
          ...READ,
          projection: { _id: 0, offset: 1, user: 1 },
        })
        .sort({ offset: -1 })
        .limit(limit)
        .toArray(),
    );
  }

  mentioning(
    room: string,
    user: string,
    { after, before, limit }: Parameters<CountReader['mentioning']>[2],
  ): Promise<CountableMessage[]> {
    // Until the index of keys is built a server looks at the unread messages of the room alone.
    const offset = { $gt: after, $lt: Math.min(before, Number.MAX_SAFE_INTEGER) };
    return this.#connection.read(async () => {
      const messages = await this.#messages();
      const found = await Promise.all(
        [user, EVERYBODY].map(name =>
          messages
            .find(where('messages.mentions', { room, offset, m: mentionsWithin(name, room, after, before) }), {
              ...READ,
              projection: { _id: 0, offset: 1, user: 1, rev: 1, deleted: 1, 'said.rev': 1 },
            })
            .limit(limit)
            .toArray(),
        ),
      );
      const byOffset = new Map(found.flat().map(document => [document.offset, document]));
      // A worker of an earlier release leaves the keys of an older text.
      const isOfText = ({ rev, said, deleted }: MessageDocument) => deleted === undefined && said?.rev === rev;
      return [...byOffset.values()].filter(isOfText).map(({ offset, user: author }) => ({ offset, user: author }));
    });
  }

  #messages() {
    return this.#connection.collection<MessageDocument>('messages');
  }
}

/** Writes that mark documents as countable or not, where an earlier release stored or deleted them. A delete meanwhile wins. */
export const countWrites = (documents: readonly Marked[]): AnyBulkWriteOperation<MessageDocument>[] =>
  documents.flatMap(document => {
    const { room, offset, id, deleted, c } = document;
    const counts = isCountable(document) && deleted === undefined;
    if (counts === (c !== undefined)) return [];
    const filter = where<'messages.count', MessageDocument>('messages.count', {
      room,
      offset,
      id: id ?? null,
      deleted: counts ? null : { $ne: null },
    });
    const update = counts ? { $set: { c: 1 } } : { $unset: { c: '' } };
    return [{ updateOne: { filter, update: update as never } }];
  });
