import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import type { Text } from '../fold/changes.ts';
import { hasMentions, mentionsOf } from '../fold/mentions.ts';
import type { FoldedMessage } from '../fold/room-fold.ts';
import { MOST_LEFT_OUT } from '../room/filtered-reader.ts';
import type { Erased, FoldedPage, MessageChange, MessagePlace, PageRange, VoidEntry } from '../room/views.ts';
import { type Deletion, type Group, groupsOf, planEdits } from './change-plan.ts';
import { countWrites } from './counts.ts';
import type { MessageDocument } from './document.ts';
import { blankedEdit, foldedMessage, parsed, stubBody, voidBody } from './folded.ts';
import { type HideDocument, hideWrites } from './hides.ts';
import { mentionKeys } from './mention-keys.ts';
import { READ } from './mongo-connection.ts';
import { where } from './queries.ts';
import { messagesAt, placeKey, votesOn } from './view-reads.ts';
import { messageKeyOf, reactionsOf, type VoteDocument, voteWrites } from './votes.ts';
import { writeAll } from './write-all.ts';

/** Collections that changes are applied to. */
export interface ViewCollections {
  messages(): Promise<Collection<MessageDocument>>;
  reactions(): Promise<Collection<VoteDocument>>;
  hides(): Promise<Collection<HideDocument>>;
}

type MessageWrite = AnyBulkWriteOperation<MessageDocument>;

/** Result of looking at one message of a batch. */
interface Planned {
  readonly writes: readonly MessageWrite[];
  /** Votes on a message that is deleted. */
  readonly drops: readonly AnyBulkWriteOperation<VoteDocument>[];
  readonly erased: readonly Erased[];
}

/** Documents about the messages of a batch. */
interface Known {
  /** Messages by {@link placeKey}. */
  readonly documents: ReadonlyMap<string, readonly MessageDocument[]>;
  /** Votes by {@link messageKeyOf}. */
  readonly votes: ReadonlyMap<string, readonly VoteDocument[]>;
}

/** Documents of a second read at least. */
const STEP = 100;

const NOTHING: Planned = { writes: [], drops: [], erased: [] };

/**
 * Applies entries to stored messages. Each write is guarded by the offset that it comes from, so that entries may come again:
 *
 * - A vote is a document of its own, and a later one wins. The reactions of a message are made from all votes on it.
 * - An edit counts by the revision in the document. One that comes again is at or below it, or does not count again.
 * - A delete wins over everything, and takes the texts of the message and of its edits.
 *
 * One holder of a lease applies a partition in order; a former holder may still be writing a batch that comes again. Its methods
 * reject with errors of the driver.
 */
export class Views {
  readonly #collections: ViewCollections;

  constructor(collections: ViewCollections) {
    this.#collections = collections;
  }

  /** See {@link ViewWriter.applyChanges}. */
  async apply(partition: number, changes: readonly MessageChange[]): Promise<readonly Erased[]> {
    const [messages, reactions] = await Promise.all([this.#collections.messages(), this.#collections.reactions()]);
    const voided = changes.flatMap(({ room, entry }) => (entry.type === 'void' ? [{ room, ...entry }] : []));
    // Before the messages are read: changes of one that does not count find it deleted.
    await writeAll(messages, voided.map(emptied));
    const groups = groupsOf(changes);
    await writeAll(
      reactions,
      groups.flatMap(({ room, votes }) => voteWrites(room, votes)),
    );
    const places = groups.filter(needsMessage).map(({ room, target: offset }) => ({ room, offset }));
    const documents = Map.groupBy(await messagesAt(messages, places), placeKey);
    const votes = await votesOn(reactions, groups.filter(needsVotes));
    const planned: Planned[] = [];
    for (const group of groups) planned.push(await this.#plan(partition, group, { documents, votes }));
    await writeAll(
      reactions,
      planned.flatMap(({ drops }) => drops),
    );
    await writeAll(
      messages,
      planned.flatMap(({ writes }) => writes),
    );
    const hides = changes.flatMap(({ entry }) => (entry.type === 'hide' ? hideWrites(entry) : []));
    if (hides.length > 0) await writeAll(await this.#collections.hides(), hides);
    const own = voided.map(({ room, offset, id, was: type }): Erased => ({ room, offset, id, type }));
    return [...own, ...planned.flatMap(({ erased }) => erased)];
  }

  /** See {@link ViewReader.readFolded}. */
  async readFolded(room: string, range: PageRange): Promise<FoldedPage> {
    const { limit, reverse } = range;
    const found: FoldedMessage[] = [];
    let skippedTo: number | null = null;
    for (let [rest, read] = [range, 0]; ; ) {
      const documents = await this.#page(room, rest);
      // Documents that no gateway wrote, and messages that do not count, are left out.
      found.push(...documents.flatMap(document => foldedMessage(document) ?? []));
      const last = documents.at(-1);
      if (!last || documents.length < rest.limit || found.length >= limit) break;
      read += documents.length;
      if (read - found.length >= MOST_LEFT_OUT) {
        skippedTo = last.offset;
        break;
      }
      const bound = reverse ? { before: last.offset } : { after: last.offset };
      rest = { ...rest, limit: Math.max(limit - found.length, STEP), ...bound };
    }
    return { messages: found.slice(0, limit).sort((a, b) => a.offset - b.offset), skippedTo };
  }

  async #page(room: string, { after, before, limit, reverse }: PageRange): Promise<MessageDocument[]> {
    const offset = before === Number.POSITIVE_INFINITY ? { $gt: after } : { $gt: after, $lt: before };
    return await (await this.#collections.messages())
      .find(where('messages.folded', { room, offset, type: 'message' }), READ)
      .sort({ offset: reverse ? -1 : 1 })
      .limit(limit)
      .toArray();
  }

  /** See {@link ViewReader.findFolded}. */
  async findFolded(room: string, offsets: readonly number[]): Promise<FoldedMessage[]> {
    const places = offsets.map(offset => ({ room, offset }));
    const found = await messagesAt(await this.#collections.messages(), places);
    return found.flatMap(document => foldedMessage(document) ?? []);
  }

  /** See {@link ViewReader.findEach}. */
  async findEach(places: readonly MessagePlace[]): Promise<ReadonlyMap<string, FoldedMessage>> {
    const found = await messagesAt(await this.#collections.messages(), places);
    return new Map(
      found.flatMap(document => {
        const message = foldedMessage(document);
        return message ? [[document.room, message] as const] : [];
      }),
    );
  }

  async #plan(partition: number, group: Group, known: Known): Promise<Planned> {
    const votes = known.votes.get(messageKeyOf(group.room, group.target, group.of)) ?? [];
    const reactions = group.votes.length > 0 && !group.deletion ? [react(group, votes)] : [];
    if (!needsMessage(group)) return { ...NOTHING, writes: reactions };
    const here = known.documents.get(placeKey({ room: group.room, offset: group.target })) ?? [];
    const named = here.filter(({ id, type }) => id === group.of && type === 'message');
    // A stub of one that was missing may stand beside one that was stored again.
    const document = named.find(({ deleted }) => deleted === undefined) ?? named[0];
    const deletion = document?.deleted === undefined ? group.deletion : { offset: document.deleted, epoch: '' };
    if (deletion) {
      if (!document && here.length > 0) return NOTHING; // the entry names another message
      return await this.#delete(partition, group, deletion, document, votes);
    }
    return document ? { ...NOTHING, writes: [...reactions, ...edits(group, document)] } : NOTHING;
  }

  /** Deletes a message that is not deleted yet, and the texts of edits that came before or after that. */
  async #delete(
    partition: number,
    group: Group,
    deletion: Deletion,
    document: MessageDocument | undefined,
    votes: readonly VoteDocument[],
  ): Promise<Planned> {
    const { room, target, of } = group;
    const listed = document ? (document.edits ?? []) : await this.#editsOfMissing(group, deletion.offset);
    const edits = [...new Set([...listed, ...group.edits.map(({ offset }) => offset)])];
    const writes = edits.map(offset => blank(group, offset, deletion.offset));
    if (document && document.deleted === undefined) writes.push(stub(group, deletion.offset, document, edits));
    else if (document) writes.push(...note(group, edits, document), ...countWrites([document]));
    else if (deletion.user !== undefined)
      writes.push({ insertOne: { document: missingStub(partition, group, deletion) } });
    return {
      writes,
      drops: votes.map(({ _id }) => ({ deleteOne: { filter: where('reactions.drop', { _id }) } })),
      erased: [
        { room, offset: target, type: 'message', id: of },
        ...edits.map(offset => ({ room, offset, type: 'edit', id: null })),
      ],
    };
  }

  /** Offsets of stored edits of a message that MongoDB does not have: it was restored, or set the message aside. */
  async #editsOfMissing({ room, target, of }: Group, before: number): Promise<number[]> {
    const messages = await this.#collections.messages();
    const offset = { $gt: target, $lt: before };
    const found = await messages.find(where('messages.folded', { room, offset, type: 'edit' }), READ).toArray();
    return found
      .filter(each => {
        const body = parsed(each);
        return body['target'] === target && body['of'] === of;
      })
      .map(each => each.offset);
  }
}

/** Fields that a deleted message does not have. */
const GONE = { rev: '', text: '', said: '', m: '', rx: '', rxAt: '', c: '' };

const needsMessage = ({ edits, deletion }: Group) => edits.length > 0 || deletion !== null;
const needsVotes = ({ votes, deletion }: Group) => votes.length > 0 || deletion !== null;

const at = ({ room, target, of }: Group) => ({ room, offset: target, id: of });

/** Write of the reactions of a message, from all votes on it. */
function react(group: Group, votes: readonly VoteDocument[]): MessageWrite {
  const rxAt = votes.reduce((latest, vote) => Math.max(latest, vote.at), 0);
  const filter = where('messages.react', { ...at(group), deleted: null, rxAt: { $not: { $gt: rxAt } } });
  return { updateOne: { filter: filter as never, update: { $set: { rx: reactionsOf(votes), rxAt } } } };
}

/** Writes for the edits of a batch on a message that is not deleted. */
function edits(group: Group, document: MessageDocument): MessageWrite[] {
  const { text, unlisted } = planEdits(document, group.edits);
  const listing = unlisted.length > 0 ? { $addToSet: { edits: { $each: unlisted } } } : {};
  if (!text) return note(group, unlisted, document);
  const filter = where('messages.edit', { ...at(group), deleted: null, rev: { $not: { $gte: text.rev } } });
  return [{ updateOne: { filter: filter as never, update: { ...textUpdate(group, text), ...listing } as never } }];
}

/** Update of a document to the text of an edit, with the mentions of that edit alone. */
function textUpdate({ room, target }: Group, edit: Text): object {
  const { rev, text } = edit;
  if (!hasMentions(edit)) return { $set: { rev, text }, $unset: { said: '', m: '' } };
  return { $set: { rev, text, said: { rev, ...mentionsOf(edit) }, m: mentionKeys(room, target, edit) } };
}

/** Lists edits in the document of their message. */
function note(group: Group, offsets: readonly number[], { edits = [] }: MessageDocument): MessageWrite[] {
  const unlisted = offsets.filter(offset => !edits.includes(offset));
  if (unlisted.length === 0) return [];
  const update = { $addToSet: { edits: { $each: unlisted } } };
  return [{ updateOne: { filter: where('messages.note-edits', at(group)), update: update as never } }];
}

/** Makes a message a stub. Its user, id and place stay. */
function stub(group: Group, deleted: number, document: MessageDocument, edits: readonly number[]): MessageWrite {
  const message = foldedMessage(document) ?? { id: group.of };
  const update = {
    $set: { deleted, body: stubBody(deleted, message), edits },
    $unset: GONE,
  };
  return { updateOne: { filter: where('messages.delete', { ...at(group), deleted: null }), update: update as never } };
}

/** Takes the body of an entry that does not count. Its own offset stands for that of a delete. */
function emptied({ room, offset, id, was }: VoidEntry & { readonly room: string }): MessageWrite {
  const at = { room, offset, id: id === '' ? null : id };
  const filter = where<'messages.void', MessageDocument>('messages.void', at as never);
  const update = { $set: { deleted: offset, body: voidBody(was) }, $unset: GONE };
  return { updateOne: { filter, update: update as never } };
}

/** Takes the text of an edit. */
function blank({ room, target, of }: Group, offset: number, deleted: number): MessageWrite {
  const filter = where<'messages.blank', MessageDocument>('messages.blank', { room, offset, type: 'edit' });
  return { updateOne: { filter, update: { $set: { body: blankedEdit(target, of, deleted), deleted } } } };
}

/** Stub of a message that MongoDB does not have. */
function missingStub(partition: number, { room, target, of }: Group, deletion: Deletion): MessageDocument {
  const { offset: deleted, epoch, user = '', time = 0 } = deletion;
  return {
    _id: `${partition}:${target}:deleted`,
    partition,
    room,
    epoch,
    offset: target,
    type: 'message',
    id: of,
    time: new Date(time),
    user,
    client: '',
    body: stubBody(deleted, { id: of, time }),
    deleted,
  };
}
