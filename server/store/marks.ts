import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import { type Mark, mergedMarks, NO_MARK } from '../fold/mark.ts';
import type { MarkArchive, MarkWriter, UserMark } from '../membership/mark-archive.ts';
import type { MarkKey } from '../membership/mark-store.ts';
import type { ViewPosition } from '../room/views.ts';
import { DURABLE, type MongoConnection, READ } from './mongo-connection.ts';
import type { Positions } from './positions.ts';
import { where } from './queries.ts';

/** Marks of a user in a room: a document in the collection `marks`. */
export interface MarkDocument {
  /** User and room. */
  readonly _id: string;
  readonly read: number;
  readonly delivered: number;
}

/** Documents of one read: a longer list of values makes a filter that some servers are slow with. */
const CHUNK = 100;
/** Key of the position of the fold. */
const POSITION = 'marks';

/** No user has a control character. */
const idOf = ({ user, room }: MarkKey): string => `${user}\0${room}`;

/** Collection `marks`: each method is one operation of the connection's circuit. */
export class MarkDocuments implements MarkArchive, MarkWriter {
  readonly #connection: MongoConnection;
  readonly #positions: Positions;

  constructor(connection: MongoConnection, positions: Positions) {
    this.#connection = connection;
    this.#positions = positions;
  }

  async raise(marks: readonly UserMark[]): Promise<void> {
    const highest = new Map<string, Mark>();
    for (const mark of marks) highest.set(idOf(mark), mergedMarks(highest.get(idOf(mark)) ?? NO_MARK, mark));
    if (highest.size === 0) return;
    await this.#connection.write(async () => {
      const writes = [...highest].map(([_id, mark]) => raiseWrite(_id, mark));
      await (await this.#collection()).bulkWrite(writes, { ordered: false, writeConcern: DURABLE });
    });
  }

  read(keys: readonly MarkKey[]): Promise<(Mark | null)[]> {
    return this.#connection.read(async () => {
      const collection = await this.#collection();
      const ids = keys.map(idOf);
      const chunks = Array.from({ length: Math.ceil(ids.length / CHUNK) }, (_, i) =>
        ids.slice(i * CHUNK, (i + 1) * CHUNK),
      );
      const some = (chunk: readonly string[]) =>
        collection.find(where('marks.some', { _id: { $in: chunk } }), READ).toArray();
      const documents = (await Promise.all(chunks.map(some))).flat();
      const found = new Map(documents.map(({ _id, read, delivered }) => [_id, { read, delivered }]));
      return ids.map(id => found.get(id) ?? null);
    });
  }

  readPosition(): Promise<ViewPosition | null> {
    return this.#connection.read(() => this.#positions.read(POSITION));
  }

  positionLease(): Promise<number> {
    return this.#connection.read(() => this.#positions.lease(POSITION));
  }

  savePosition(from: ViewPosition | null, to: ViewPosition, lease: number): Promise<boolean> {
    return this.#connection.write(() => this.#positions.save(POSITION, from, to, lease));
  }

  #collection(): Promise<Collection<MarkDocument>> {
    return this.#connection.collection<MarkDocument>('marks');
  }
}

const raiseWrite = (_id: string, { read, delivered }: Mark): AnyBulkWriteOperation<MarkDocument> => ({
  updateOne: {
    filter: where<'marks.raise', MarkDocument>('marks.raise', { _id }),
    update: { $max: { read, delivered } },
    upsert: true,
  },
});
