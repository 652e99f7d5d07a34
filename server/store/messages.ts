import { type Collection, MongoBulkWriteError } from 'mongodb';
import type { HistoryStore, LoggedMessage, RejectedMessage, SentKey } from '../room/history-store.ts';
import type { StoredMessage } from '../room/message.ts';
import type { EntryPage, EntryReader } from '../room/views.ts';
import { fromDocument, loggedMessage, type MessageDocument, messageKey, toDocument } from './document.ts';
import { indexNew, missingIndexes } from './indexes.ts';
import { DURABLE, READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { type BulkError, DUPLICATE_KEY, judge, type Verdict } from './write-errors.ts';

/** Collection `messages`: one document for each stored message. Its methods reject with errors of the driver. */
export class Messages {
  readonly #collection: () => Promise<Collection<MessageDocument>>;
  /** Look at a new collection, pending or done. */
  #indexed: Promise<void> | null = null;

  constructor(collection: () => Promise<Collection<MessageDocument>>) {
    this.#collection = collection;
  }

  /** See {@link HistoryStore.read}. */
  async read(room: string, range: Parameters<HistoryStore['read']>[1]): Promise<StoredMessage[]> {
    const { after, before, limit, reverse } = range;
    const found = await (await this.#collection())
      .find(where('messages.page', { room, offset: between(after, before) }), READ)
      .sort({ offset: reverse ? -1 : 1 })
      .limit(limit + 1)
      .toArray();
    // Two incarnations of a stream may have used the same offset: a page that ended between them would lose the second.
    const last = found[limit - 1];
    const end = last && found[limit]?.offset === last.offset ? limit + 1 : limit;
    return found.slice(0, end).map(fromDocument);
  }

  /** See {@link HistoryStore.count}. */
  async count(room: string, range: Parameters<HistoryStore['count']>[1], most: number): Promise<number> {
    const offset = between(range.after, range.before);
    return await (await this.#collection()).countDocuments(where('messages.page', { room, offset }), {
      limit: most,
      ...READ,
    });
  }

  /** See {@link HistoryStore.findSent}. */
  async findSent({ id, dedupe }: SentKey): Promise<Pick<StoredMessage, 'offset' | 'epoch'> | null> {
    const [found] = await (await this.#collection())
      .find(where('messages.sent', { id, dedupe }), READ)
      .sort({ offset: 1 })
      .limit(1)
      .toArray();
    return found ? { offset: found.offset, epoch: found.epoch } : null;
  }

  /** See {@link EntryReader.readEntries}. */
  async readOfTypes(
    partition: number,
    types: readonly string[],
    { after, upto, limit }: Parameters<EntryReader['readEntries']>[2],
  ): Promise<EntryPage> {
    const messages = await this.#collection();
    const offset = { $gt: after, $lte: upto };
    const found = await Promise.all(
      types.map(type =>
        messages
          .find(where('messages.of-type', { partition, type, offset }), READ)
          .sort({ offset: 1 })
          .limit(limit)
          .toArray(),
      ),
    );
    // A full page may lack others at its last offset, which two incarnations of a stream used.
    const ends = found.map(page => (page.length < limit ? upto : (page.at(-1)?.offset ?? upto) - 1));
    const end = Math.min(upto, ...ends);
    const entries = found.flatMap(page => page.filter(each => each.offset <= end)).sort((a, b) => a.offset - b.offset);
    return { entries: entries.map(loggedMessage), upto: end };
  }

  /** See {@link EntryReader.readChecked}. */
  async readChecked(
    rooms: readonly string[],
    { after, upto, limit }: Parameters<EntryReader['readChecked']>[1],
  ): Promise<EntryPage> {
    const range = { room: { $in: rooms }, offset: { $gt: after, $lte: upto }, seen: { $exists: true } };
    const found = await (await this.#collection())
      .find(where('messages.checked', range), READ)
      .sort({ offset: 1 })
      .limit(limit)
      .toArray();
    const end = found.length < limit ? upto : (found.at(-1)?.offset ?? upto) - 1;
    return { entries: found.filter(({ offset }) => offset <= end).map(loggedMessage), upto: end };
  }

  /**
   * Stores a batch, idempotently.
   * @returns the messages that MongoDB refused because of their content
   */
  async insert(partition: number, batch: readonly LoggedMessage[]): Promise<RejectedMessage[]> {
    if (batch.length === 0) return [];
    try {
      await (await this.#collection()).insertMany(
        batch.map(message => toDocument(partition, message)),
        { ordered: false, writeConcern: DURABLE },
      );
      return [];
    } catch (error) {
      const verdict = error instanceof MongoBulkWriteError ? judge(facts(error)) : null;
      if (!verdict) throw error;
      return await this.#rejected(partition, batch, verdict);
    }
  }

  /**
   * Builds the indexes of a new collection before its first message. `keepIndexes` builds those
   * of a large one in the background.
   */
  prepare(): Promise<void> {
    this.#indexed ??= this.#collection()
      .then(indexNew)
      .catch(error => {
        this.#indexed = null;
        throw error;
      });
    return this.#indexed;
  }

  /** Names of indexes that the collection should have and does not have. Waits for a {@link prepare} under way. */
  async missingIndexes(): Promise<readonly string[]> {
    await this.#indexed;
    return (await missingIndexes(await this.#collection())) ?? [];
  }

  /**
   * Sorts out refused messages. A duplicate key is a success only if it is the `_id`: an
   * operator may have added a unique index.
   */
  async #rejected(partition: number, batch: readonly LoggedMessage[], verdict: Verdict): Promise<RejectedMessage[]> {
    const key = (index: number): string => {
      const message = batch[index];
      return message ? messageKey(partition, message) : '';
    };
    const stored = await this.#stored(verdict.duplicates.map(key));
    const foreign = verdict.duplicates
      .filter(index => !stored.has(key(index)))
      .map(index => ({ index, code: DUPLICATE_KEY, reason: 'another unique index refused it' }));
    return [...verdict.refused, ...foreign].flatMap(({ index, code, reason }) => {
      const message = batch[index];
      return message ? [{ message, code, reason }] : [];
    });
  }

  /** Keys of `keys` that are in the collection already. */
  async #stored(keys: readonly string[]): Promise<ReadonlySet<string>> {
    if (keys.length === 0) return new Set();
    const messages = await this.#collection();
    const found = await messages
      .find(where('messages.stored', { _id: { $in: [...keys] } }), { ...READ, projection: { _id: 1 } })
      .toArray();
    return new Set(found.map(({ _id }) => _id));
  }
}

const between = (after: number, before: number) =>
  before === Number.POSITIVE_INFINITY ? { $gt: after } : { $gt: after, $lt: before };

function facts(error: MongoBulkWriteError): BulkError {
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return {
    writeErrors: errors.map(({ index, code, errmsg }) => ({ index, code, errmsg: errmsg ?? '' })),
    notDurable: error.result.getWriteConcernError() !== undefined,
  };
}
