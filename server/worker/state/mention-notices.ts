import { inboxOf, isInbox } from '../../access/names.ts';
import { readableAbove } from '../../access/rights.ts';
import { Changes } from '../../fold/changes.ts';
import { type EditEntry, type MessageEntry, readEntry } from '../../fold/entry.ts';
import { mergedPair, NO_PAIR, pairUsers, readPair, relationOf } from '../../fold/pair.ts';
import { NO_ROOM, type RoomState, type Written } from '../../fold/room-state.ts';
import { readRoomState } from '../../fold/room-state-json.ts';
import type { PairArchive, RoomArchive } from '../../membership/archive.ts';
import { membershipOf } from '../../membership/membership-of.ts';
import type { PolicyEntry, PolicyStore } from '../../membership/policy-store.ts';
import type { UserRoom } from '../../membership/room-states.ts';
import { partKey, readDocument } from '../../membership/user-documents.ts';
import { type LoggedMessage, StoreUnavailable } from '../../room/history-store.ts';
import type { LoggedEdit } from '../../room/log.ts';
import { dataOf } from '../../room/message.ts';
import type { FoldEntry } from '../fold/fold.ts';
import type { RoomDigests } from './direct-rooms.ts';
import { inLanes } from './in-lanes.ts';
import { type Notices, type NoticesParts, storedAtMs } from './notices.ts';

export interface MentionNoticesParts {
  readonly policy: Pick<PolicyStore, 'read' | 'snapshot'>;
  /** Asked while {@link policy} may lack something. */
  readonly archive: RoomArchive;
  readonly pairs: PairArchive;
  readonly log: {
    body(partition: number, offset: number): Promise<Uint8Array | null>;
    /** Reads the edits of a message in a range of LOG, ascending. */
    edits(
      room: string,
      target: number,
      range: { readonly after: number; readonly upto: number },
    ): Promise<readonly LoggedEdit[]>;
  };
  /** Leaves out entries of a room that do not count. */
  counting<T extends Written>(room: string, entries: readonly T[]): Promise<readonly T[]>;
  readonly notices: Pick<Notices, 'storeKeyed'>;
  /** Called with an entry of which it cannot be told now whom it reaches, see {@link WaitingNotices}. */
  readonly waits: NoticesParts['waits'];
}

/** Entry whose text mentions users, without its body. */
interface Mentioning extends LoggedMessage {
  readonly mentions: NonNullable<LoggedMessage['mentions']>;
}

/** Message that mentions users, or that an edit makes mention them. */
interface Mentioned {
  readonly room: string;
  readonly offset: number;
  readonly id: string;
  readonly author: string;
  readonly users: readonly string[];
}

/** Rooms whose users are told at the same time, and users of one message. */
const AT_ONCE = 8;

/**
 * Part of the fold `state` that tells users who are mentioned: members of the room who may read the message, of whom none and the
 * author blocks the other. Each of them is told of a message once, also if later edits mention the user again. A mention of everybody
 * tells nobody: readers find it in the message.
 */
export class MentionNotices {
  readonly #parts: MentionNoticesParts;

  constructor(parts: MentionNoticesParts) {
    this.#parts = parts;
  }

  /**
   * Tells the users whom entries of a batch mention, or lets that wait for MongoDB. To be done after POLICY has the batch. Rejects if NATS
   * does not answer.
   * @param entries entries of the batch; those that do not count have no message
   * @param digests digests of its rooms before the batch, as far as LAST has them
   */
  async apply(partition: number, entries: readonly FoldEntry[], digests: RoomDigests): Promise<void> {
    const found = entries.flatMap(({ room, message }) =>
      message && isMentioning(message) && !isInbox(room) ? [message] : [],
    );
    if (found.length === 0) return; // most batches mention nobody
    const deleted = deletedIn(new Set(found.map(({ room }) => room)), entries, digests);
    await inLanes(found, AT_ONCE, async message => {
      if (deleted.get(message.room)?.has(targetOf(message))) return;
      const mentioned = await this.#read(partition, message);
      if (mentioned) await this.#tell(message, mentioned);
    });
  }

  async #read(partition: number, message: Mentioning): Promise<Mentioned | null> {
    const { room, user: author } = message;
    const body = await this.#parts.log.body(partition, message.offset);
    const entry = body && readEntry(message, dataOf({ body }));
    if (entry?.type !== 'message' && entry?.type !== 'edit') return null;
    const users = (entry.mentions ?? []).filter(user => user !== author);
    if (users.length === 0) return null;
    if (entry.type === 'message') return { room, offset: entry.offset, id: entry.id, author, users };
    if (!(await this.#isInForce(partition, room, entry))) return null;
    return { room, offset: entry.target, id: entry.of, author, users };
  }

  /** False for an edit with a revision that another edit replaced between its check and its place in LOG. */
  async #isInForce(partition: number, room: string, edit: EditEntry): Promise<boolean> {
    const { log, counting } = this.#parts;
    const { target, offset, rev } = edit;
    if (rev === undefined) return true;
    const between = await counting(room, await log.edits(room, target, { after: rev, upto: offset - 1 }));
    if (between.length === 0) return true;
    const changes = new Changes();
    changes.edit(edit);
    for (const each of between) {
      const body = await log.body(partition, each.offset);
      const entry = body && readEntry({ ...each, type: 'edit' }, dataOf({ body }));
      if (entry?.type === 'edit' && entry.of === edit.of) changes.edit(entry);
    }
    return changes.text({ text: '', rev }, rev).rev === offset;
  }

  async #tell(message: Mentioning, mentioned: Mentioned): Promise<void> {
    const { room, offset, id, author } = mentioned;
    const of = { room, offset: message.offset };
    const told = await this.#reached(message, mentioned).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#parts.waits(of, inboxOf(author), message);
      return [];
    });
    // An edit may come long after what told the same users: not before the time in the id.
    const notBefore = message.type === 'message' ? storedAtMs(message) : timeOf(id);
    const key = ['mention', room, String(offset), id];
    const notice = { type: 'mention', room, of, key, time: message.time, body: { offset, id, by: author }, notBefore };
    await inLanes(told, AT_ONCE, user => this.#parts.notices.storeKeyed(user, notice));
  }

  /** Users of a message who are to be told. @throws {StoreUnavailable} if MongoDB alone can say that, and does not answer */
  async #reached({ mentions: history, offset: at }: Mentioning, mentioned: Mentioned): Promise<readonly string[]> {
    const { policy, archive } = this.#parts;
    const { room, offset, author, users } = mentioned;
    const pairs = users.map(user => ({ pair: pairUsers(author, user) }));
    const { entries, complete } = await policy.snapshot([{ room }, ...pairs]);
    const known = readRoomState(entries[0]?.value) ?? (complete ? null : await archive.room(room));
    const state = known ?? NO_ROOM;
    if (state.deleted) return [];
    const reached: string[] = [];
    await inLanes([...users.entries()], AT_ONCE, async ([index, user]) => {
      const membership = await this.#membership(room, state, user, complete);
      // Who joined later is not told: a fold that begins again finds the same users.
      const isMember = membership?.state === 'member' && membership.since < at;
      if (!isMember || offset <= readableAbove({ history }, { known: membership })) return;
      if (!(await this.#areApart(author, user, entries[index + 1] ?? null, complete))) reached.push(user);
    });
    return reached;
  }

  async #membership(room: string, state: RoomState, user: string, complete: boolean) {
    const { policy, archive } = this.#parts;
    if (state.full && state.cv > 0) return membershipOf(state, user, undefined);
    const archived = complete ? NO_ROOMS : await archive.roomsOf(user);
    const read = async (part: number) => (await policy.read(partKey(user, part)))?.value;
    const document = (await readDocument(read, archived)) ?? archived;
    return membershipOf(state, user, document.get(room));
  }

  /** True if one of two users blocks the other. */
  async #areApart(author: string, user: string, entry: PolicyEntry | null, complete: boolean): Promise<boolean> {
    const stored = readPair(entry?.value) ?? NO_PAIR;
    const archived = complete ? null : await this.#parts.pairs.pair(author, user);
    const { blocks, blocked } = relationOf(mergedPair(stored, archived ?? NO_PAIR), author, user);
    return blocks || blocked;
  }
}

const NO_ROOMS: ReadonlyMap<string, UserRoom> = new Map();

const isMentioning = (message: LoggedMessage): message is Mentioning => message.mentions !== undefined;

/** Offset of the message that an entry is, or is about. */
const targetOf = ({ type, offset, targets }: LoggedMessage): number =>
  type === 'edit' ? (targets[0] ?? offset) : offset;

/** Messages of some rooms that are deleted, by room, as far as digests and a batch tell. Pure. */
function deletedIn(
  rooms: ReadonlySet<string>,
  entries: readonly FoldEntry[],
  digests: RoomDigests,
): ReadonlyMap<string, ReadonlySet<number>> {
  const byRoom = new Map<string, Set<number>>();
  for (const room of rooms)
    byRoom.set(room, new Set((digests.get(room)?.value?.deletions ?? []).flatMap(({ targets }) => targets)));
  for (const { room, message } of entries)
    if (message?.type === 'delete') for (const target of message.targets) byRoom.get(room)?.add(target);
  return byRoom;
}

/** Milliseconds since 1970 in an id of a message, a UUIDv7; NaN for another one. Pure. */
const timeOf = (id: MessageEntry['id']): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
