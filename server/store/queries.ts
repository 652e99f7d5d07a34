import type { Filter } from 'mongodb';

/** Collections, with the key by which an operator may shard each. */
export const SHARD_KEYS = {
  messages: ['room', 'offset'],
  rejected: ['_id'],
  floors: ['_id'],
  folds: ['_id'],
  reactions: ['_id'],
  hides: ['_id'],
  erasures: ['_id'],
  rooms: ['_id'],
  members: ['_id'],
  users: ['_id'],
  marks: ['_id'],
  contacts: ['_id'],
} as const;

/** Indexes of the collections, by name: fields in their order. `_id` is there anyway. */
const INDEXED = {
  _id: ['_id'],
  room_offset: ['room', 'offset'],
  partition_type_offset: ['partition', 'type', 'offset'],
  room_c_offset_user: ['room', 'c', 'offset', 'user'],
  id: ['id'],
  m: ['m'],
  kind_deleted_key: ['kind', 'deleted', 'key'],
  room_state_key: ['room', 'state', 'key'],
  user_state: ['user', 'state'],
  owner_state_other: ['owner', 'state', 'other'],
  owner_blocked_other: ['owner', 'blocked', 'other'],
  q_id: ['q', '_id'],
} as const;

/** One shape of filter, and the index that serves it. */
export interface Query {
  readonly collection: keyof typeof SHARD_KEYS;
  readonly does: 'read' | 'update' | 'delete';
  /** Fields compared with one value, first in the index. */
  readonly equality: readonly string[];
  /** Field of the order, next in the index. */
  readonly sort?: string;
  /** Field compared with bounds, or with a list of values, last in the index. */
  readonly range?: string;
  /** Fields that are checked on the documents found, and what keeps those few. */
  readonly checked?: { readonly fields: readonly string[]; readonly few: string };
  readonly index: keyof typeof INDEXED;
  /** Purpose, a phrase. */
  readonly for: string;
}

const ONE = 'an offset has one document, or one for each incarnation of the stream';
const ONE_ID = 'an `_id` has one document';

/** Every filter that the store sends to MongoDB. `docs/data-model.md` lists them. */
export const QUERIES = {
  'messages.page': {
    collection: 'messages',
    does: 'read',
    equality: ['room'],
    sort: 'offset',
    range: 'offset',
    index: 'room_offset',
    for: 'page of a history, number of messages in a range',
  },
  'messages.folded': {
    collection: 'messages',
    does: 'read',
    equality: ['room'],
    sort: 'offset',
    range: 'offset',
    checked: { fields: ['type'], few: 'a room has a few edits and reactions for each message' },
    index: 'room_offset',
    for: 'page of `message.list`; edits of a message that is missing',
  },
  'messages.at': {
    collection: 'messages',
    does: 'read',
    equality: ['room', 'offset'],
    index: 'room_offset',
    for: 'the message that an entry or `message.get` names',
  },
  'messages.of-type': {
    collection: 'messages',
    does: 'read',
    equality: ['partition', 'type'],
    sort: 'offset',
    range: 'offset',
    index: 'partition_type_offset',
    for: 'entries that the fold `views` has not applied and LOG does not have',
  },
  'messages.checked': {
    collection: 'messages',
    does: 'read',
    equality: ['room'],
    sort: 'offset',
    range: 'offset',
    checked: { fields: ['seen'], few: 'only documents of earlier releases lack it' },
    index: 'room_offset',
    for: 'messages, after an act on their authors, that the fold `views` has not looked at and LOG does not have',
  },
  'messages.uncounted': {
    collection: 'messages',
    does: 'read',
    equality: ['partition', 'type'],
    sort: 'offset',
    range: 'offset',
    index: 'partition_type_offset',
    for: 'messages whose mark `c` is checked after an upgrade',
  },
  'messages.count': {
    collection: 'messages',
    does: 'update',
    equality: ['room', 'offset'],
    checked: { fields: ['id', 'deleted'], few: ONE },
    index: 'room_offset',
    for: 'mark `c` of a message that an earlier release stored or deleted',
  },
  'messages.countable': {
    collection: 'messages',
    does: 'read',
    equality: ['room', 'c'],
    sort: 'offset',
    range: 'offset',
    index: 'room_c_offset_user',
    for: 'offsets and authors of messages that may be unread, from the index alone',
  },
  'messages.mentions': {
    collection: 'messages',
    does: 'read',
    equality: [],
    range: 'm',
    checked: { fields: ['room', 'offset'], few: 'a key has both' },
    index: 'm',
    for: 'messages that mention a user, or everybody, and may be unread',
  },
  'messages.sent': {
    collection: 'messages',
    does: 'read',
    equality: ['id'],
    checked: { fields: ['dedupe'], few: 'ids of clients are unique but for forged ones' },
    index: 'id',
    for: 'a message that is sent again',
  },
  'messages.stored': {
    collection: 'messages',
    does: 'read',
    equality: [],
    range: '_id',
    index: '_id',
    for: 'messages of a batch that were stored before',
  },
  'messages.edit': {
    collection: 'messages',
    does: 'update',
    equality: ['room', 'offset'],
    checked: { fields: ['id', 'deleted', 'rev'], few: ONE },
    index: 'room_offset',
    for: 'text of a message, unless it has a later one or is deleted',
  },
  'messages.note-edits': {
    collection: 'messages',
    does: 'update',
    equality: ['room', 'offset'],
    checked: { fields: ['id'], few: ONE },
    index: 'room_offset',
    for: 'offsets of the edits of a message',
  },
  'messages.react': {
    collection: 'messages',
    does: 'update',
    equality: ['room', 'offset'],
    checked: { fields: ['id', 'deleted', 'rxAt'], few: ONE },
    index: 'room_offset',
    for: 'reactions on a message, unless it has later ones or is deleted',
  },
  'messages.delete': {
    collection: 'messages',
    does: 'update',
    equality: ['room', 'offset'],
    checked: { fields: ['id', 'deleted'], few: ONE },
    index: 'room_offset',
    for: 'stub of a deleted message',
  },
  'messages.blank': {
    collection: 'messages',
    does: 'update',
    equality: ['room', 'offset'],
    checked: { fields: ['type'], few: ONE },
    index: 'room_offset',
    for: 'an edit of a deleted message, whose text goes',
  },
  'messages.void': {
    collection: 'messages',
    does: 'update',
    equality: ['room', 'offset'],
    checked: { fields: ['id'], few: ONE },
    index: 'room_offset',
    for: 'an entry that does not count, whose body goes',
  },
  'rejected.one': {
    collection: 'rejected',
    does: 'update',
    equality: ['_id'],
    index: '_id',
    for: 'a message that is set aside',
  },
  'floors.one': {
    collection: 'floors',
    does: 'read',
    equality: ['_id'],
    index: '_id',
    for: 'how far a partition is stored',
  },
  'floors.raise': {
    collection: 'floors',
    does: 'update',
    equality: ['_id'],
    checked: { fields: ['offset', 'complete'], few: ONE_ID },
    index: '_id',
    for: 'the same, raised',
  },
  'folds.one': {
    collection: 'folds',
    does: 'read',
    equality: ['_id'],
    index: '_id',
    for: 'position of a fold',
  },
  'folds.save': {
    collection: 'folds',
    does: 'update',
    equality: ['_id'],
    checked: { fields: ['epoch', 'at', 'lease'], few: ONE_ID },
    index: '_id',
    for: 'the same, moved on by the holder of the lease',
  },
  'reactions.of-message': {
    collection: 'reactions',
    does: 'read',
    equality: [],
    sort: '_id',
    range: '_id',
    index: '_id',
    for: 'all votes on a message',
  },
  'reactions.vote': {
    collection: 'reactions',
    does: 'update',
    equality: ['_id'],
    checked: { fields: ['at'], few: ONE_ID },
    index: '_id',
    for: 'one vote, unless there is a later one',
  },
  'reactions.drop': {
    collection: 'reactions',
    does: 'delete',
    equality: ['_id'],
    index: '_id',
    for: 'a vote on a deleted message',
  },
  'erasures.first': {
    collection: 'erasures',
    does: 'read',
    equality: [],
    sort: '_id',
    range: '_id',
    index: '_id',
    for: 'entries of a partition to be erased next',
  },
  'erasures.drop': {
    collection: 'erasures',
    does: 'delete',
    equality: ['_id'],
    index: '_id',
    for: 'an entry that is erased',
  },
  'hides.of-room': {
    collection: 'hides',
    does: 'read',
    equality: [],
    sort: '_id',
    range: '_id',
    index: '_id',
    for: 'messages of a page that its reader has hidden',
  },
  'hides.some': {
    collection: 'hides',
    does: 'read',
    equality: [],
    range: '_id',
    index: '_id',
    for: 'last messages of rooms that their reader has hidden',
  },
  'hides.one': {
    collection: 'hides',
    does: 'update',
    equality: ['_id'],
    index: '_id',
    for: 'one hidden message',
  },
  'rooms.one': {
    collection: 'rooms',
    does: 'read',
    equality: ['_id'],
    index: '_id',
    for: 'state of a room',
  },
  'rooms.some': {
    collection: 'rooms',
    does: 'read',
    equality: [],
    range: '_id',
    index: '_id',
    for: 'names of some rooms',
  },
  'rooms.page': {
    collection: 'rooms',
    does: 'read',
    equality: ['kind', 'deleted'],
    sort: 'key',
    range: 'key',
    index: 'kind_deleted_key',
    for: 'page of `room.discover`',
  },
  'rooms.all': {
    collection: 'rooms',
    does: 'read',
    equality: [],
    sort: '_id',
    range: '_id',
    index: '_id',
    for: 'all rooms, to fill the bucket POLICY or bring it into an epoch',
  },
  'rooms.write': {
    collection: 'rooms',
    does: 'update',
    equality: ['_id'],
    checked: { fields: ['cv'], few: ONE_ID },
    index: '_id',
    for: 'state of a room, unless it has a later one',
  },
  'members.page': {
    collection: 'members',
    does: 'read',
    equality: ['room', 'state'],
    sort: 'key',
    range: 'key',
    index: 'room_state_key',
    for: 'page of `room.members`',
  },
  'members.of-user': {
    collection: 'members',
    does: 'read',
    equality: ['user'],
    range: 'state',
    index: 'user_state',
    for: 'rooms of a user',
  },
  'members.all': {
    collection: 'members',
    does: 'read',
    equality: [],
    sort: 'user',
    range: 'user',
    index: 'user_state',
    for: 'all members by user, to fill the bucket POLICY or bring it into an epoch',
  },
  'members.control': {
    collection: 'members',
    does: 'update',
    equality: ['_id'],
    checked: { fields: ['at', 'seen'], few: ONE_ID },
    index: '_id',
    for: 'a member by an entry of the room, unless there is a later one',
  },
  'members.own': {
    collection: 'members',
    does: 'update',
    equality: ['_id'],
    checked: { fields: ['own', 'cv'], few: ONE_ID },
    index: '_id',
    for: 'a join or leave of the user, unless there is a later one',
  },
  'users.some': {
    collection: 'users',
    does: 'read',
    equality: [],
    range: '_id',
    index: '_id',
    for: 'what some users say about themselves',
  },
  'users.all': {
    collection: 'users',
    does: 'read',
    equality: [],
    sort: '_id',
    range: '_id',
    index: '_id',
    for: 'all settings, to fill the bucket POLICY or bring it into an epoch',
  },
  'users.search': {
    collection: 'users',
    does: 'read',
    equality: ['q'],
    sort: '_id',
    range: '_id',
    index: 'q_id',
    for: 'page of `user.search`: by its longest word, others are compared in what that finds',
  },
  'users.write': {
    collection: 'users',
    does: 'update',
    equality: ['_id'],
    checked: { fields: ['at'], few: ONE_ID },
    index: '_id',
    for: 'what a user says about itself, unless a later entry wrote it',
  },
  'marks.some': {
    collection: 'marks',
    does: 'read',
    equality: [],
    range: '_id',
    index: '_id',
    for: 'how far users have read rooms',
  },
  'marks.raise': {
    collection: 'marks',
    does: 'update',
    equality: ['_id'],
    index: '_id',
    for: 'how far a user has read a room, unless that is known',
  },
  'contacts.one': {
    collection: 'contacts',
    does: 'read',
    equality: ['_id'],
    index: '_id',
    for: 'acts of two users on each other, while the bucket POLICY may lack them',
  },
  'contacts.some': {
    collection: 'contacts',
    does: 'read',
    equality: [],
    range: '_id',
    index: '_id',
    for: 'relations that acts of a batch change',
  },
  'contacts.of-state': {
    collection: 'contacts',
    does: 'read',
    equality: ['owner', 'state'],
    sort: 'other',
    range: 'other',
    index: 'owner_state_other',
    for: 'page of `friend.list`, number of friends and requests',
  },
  'contacts.blocked': {
    collection: 'contacts',
    does: 'read',
    equality: ['owner', 'blocked'],
    sort: 'other',
    range: 'other',
    index: 'owner_blocked_other',
    for: 'page of `block.list`, number of blocked users',
  },
  'contacts.all': {
    collection: 'contacts',
    does: 'read',
    equality: [],
    sort: '_id',
    range: '_id',
    index: '_id',
    for: 'all relations, to fill the bucket POLICY or bring it into an epoch',
  },
  'contacts.write': {
    collection: 'contacts',
    does: 'update',
    equality: ['_id'],
    checked: { fields: ['v'], few: ONE_ID },
    index: '_id',
    for: 'a relation, unless another worker wrote it meanwhile',
  },
} as const satisfies Readonly<Record<string, Query>>;

export type QueryName = keyof typeof QUERIES;

type Equal<Q> = Q extends { readonly equality: readonly (infer E extends string)[] } ? E : never;
type Ranged<Q> = Q extends { readonly range: infer R extends string } ? R : never;
type Checked<Q> = Q extends { readonly checked: { readonly fields: readonly (infer C extends string)[] } } ? C : never;
type Conditions<Q> = { readonly [F in Equal<Q> | Ranged<Q>]: unknown } & { readonly [F in Checked<Q>]?: unknown };

/** Makes the filter of a query. The compiler refuses a field that the query does not name, and wants each one of its index. */
export const where = <N extends QueryName, T>(_query: N, filter: Conditions<(typeof QUERIES)[N]>): Filter<T> =>
  filter as Filter<T>;

/** Fields of the index of a query, in their order. */
export const fieldsOf = ({ index }: Pick<Query, 'index'>): readonly string[] => INDEXED[index];
