import { fieldsOf, QUERIES, type Query, SHARD_KEYS } from '../../../server/store/queries.ts';

const INTRODUCTION = `# Collections in MongoDB

All collections of a ChatCluster are in one database, \`chat_<instance>\`. Workers write them, gateways read. Nothing uses
transactions, sessions, change streams or updates by a pipeline, so that any server of the MongoDB protocol serves.

| collection | a document is | fields |
| --- | --- | --- |
| \`messages\` | an entry of a room: a message, an edit, a delete, a reaction or a bare publish | \`_id\` partition, offset and time of the stream; \`room\`, \`offset\`, \`epoch\`, \`partition\`; \`type\`, \`id\`, \`dedupe\`, \`user\`, \`client\`, \`time\`, \`traceparent\`; \`body\` |
| | in a message: the changes of later entries | \`rev\` offset of the edit that counts, \`text\` its text, \`said\` its mentions, \`m\` keys of whom the text mentions now: each user, or \`*\`, with room and offset, \`edits\` offsets of all its edits, \`deleted\` offset of the delete (in any entry that does not count: its own, without the body), \`rx\` reactions, \`rxAt\` offset of the latest vote in them |
| \`reactions\` | a user's emoji on a message | \`_id\` room, offset, id of the message, user, emoji; \`user\`, \`emoji\`, \`on\`, \`at\` offset of the entry |
| \`hides\` | a message that a user has hidden | \`_id\` user, room, offset; \`offset\`, \`of\` id of the message |
| \`rooms\` | a room that somebody created | \`_id\` name of the room; \`state\` all that its control entries say, \`cv\` their number, \`at\` offset of the last one; \`kind\`, \`name\`, \`deleted\`; \`key\` name in lower case and room, for lists |
| \`members\` | a user's relation to a room | \`_id\` room, user; \`room\`, \`user\`, \`state\`, \`rank\`, \`since\` offset of the join, \`mutedUntil\`, \`bannedUntil\`; \`key\` rank and user, for lists; \`cv\` and \`at\` of the last control entry on the user; \`seen\` and \`own\` version seen and offset of the user's own last join or leave |
| \`contacts\` | a user as seen by another one, the owner; each pair of users has two | \`_id\` owner, other; \`owner\`, \`other\`, \`state\` friend, in, out or none, \`blocked\` true if the owner blocks; \`pair\` last acts of both, from which the others follow, in the order of their ids; \`v\` number of writes |
| \`users\` | settings and profile of a user | \`_id\` user; \`at\` offset of the last entry \`me\` of the inbox; \`settings\` those that the user has changed, each with its \`value\` and its own \`at\`; \`profile\` name, avatar, about, fields; \`status\` text, emoji, until; \`q\` entries under which the name is found |
| \`marks\` | how far a user has read a room | \`_id\` user, room; \`read\` and \`delivered\` offsets, which only rise |
| \`folds\` | how far changes of a partition are in its messages, and marks in \`marks\` | \`_id\` \`views:<partition>\`, or \`marks\`; \`epoch\`, \`at\` offset, \`lease\` epoch of the lease of the worker that saved it |
| \`erasures\` | an entry whose body is gone here, to be erased in LOG and LIVE | \`_id\` partition, \`at\`, offset; \`room\`, \`offset\`, \`type\`, \`id\`; \`at\` offset that is not above that of its delete, \`storedAt\` time from which it waits |
| \`floors\` | how far a partition is stored | \`_id\` partition; \`offset\`, \`complete\`, \`settled\` |
| \`rejected\` | a message that MongoDB refused, or that no client could receive | as in \`messages\`, with \`reason\` and \`code\` |

A message that has no change has none of the fields for them: documents of earlier releases are read as they are. The fields are
written by one worker a partition, and each write names the offset that it comes from: an older one never replaces a newer one, and
a delete wins over everything. Of a deleted message the texts are gone, also from the documents of its edits; its place, id and
author stay. Votes of a reaction that was taken back stay with \`on: false\`, so that an older entry does not put it there again.

Rooms and members are guarded alike: a room by its version, a member by the offset of the entry that wrote it; so is a user. In a kind without
membership of its own, a join or leave of the user counts unless a control entry on the user has a higher version than it had seen; so
both may be applied in any order. Documents of users who left stay. Members are written before their room. In contacts each user's
acts are guarded by the offsets of the user's inbox; as workers of two partitions write them, a write also names the number before.

**Views are derived.** \`folds\`, \`reactions\`, \`rooms\`, \`members\`, \`contacts\`, \`users\`, \`erasures\` and the fields for changes are made from LOG. If MongoDB is restored, the position in
\`folds\` is that of the backup, and the entries after it are applied again. Those that LOG does not have any more are read from
\`messages\` first, where they are too: edits, deletes, reactions, hides and entries about rooms, members, contacts and users, in their order, in pages,
with the position saved after each. So are those that workers of a release without folds stored and purged. To have views made again,
empty \`reactions\`, \`hides\`, \`rooms\`, \`members\`, \`contacts\` and \`users\` as needed and \`folds\` after them, while the chat goes on. Until they are there,
lists lack what is missing, the condition \`StreamsHaveRoom\` says \`FoldLate\` if that takes more than a minute, and LOG purges nothing.
Marks are not in LOG: of those that MongoDB loses, the ones still in the stream MARKS come again after the document \`marks\` of \`folds\` is removed.
Empty \`erasures\` only with \`folds\`: until an entry on that list is erased, the masks of gateways hide its text.

**Sharding.** The shard key of each collection is in the table below; \`_id\` is to be hashed. Every update names the shard key.
Lists by \`_id\` ask every shard.

## Digests in LAST

A digest is the last value of a room's subject in the stream LAST of its partition, JSON without texts. The fold \`state\` writes it, at
most once a second.

| field | meaning |
| --- | --- |
| \`top\` | offset of the room's last entry |
| \`deleted\` | deletes whose texts may still be in LOG or MongoDB, each a list of its offset and its targets |
| \`at\` | offset up to which \`deleted\` is complete; missing if that is the end of the cover |
| \`countable\` | offset of the last message that counts: no void one, but perhaps a deleted one; 0 for none. Missing in a digest of an earlier release, and until the room's next message after it |

One more value, the cover, says from which offset to which one the digests have every entry: \`epoch\`, \`from\`, \`below\`, \`lease\` and
\`checked\`. Readers ignore fields they do not know, and treat a missing one as unknown.

## Queries

Each filter that the store sends is in \`server/store/queries.ts\`, with its index: first fields with one value, then the order, then
bounds. Fields that are *checked* are compared in the documents that the index finds. A worker builds missing indexes. None is
partial ([decision 0052](decisions/0052-no-partial-index.md)).

`;

function row([name, query]: readonly [string, Query]): string {
  const { collection, does, equality, sort, range, checked } = query;
  const fields = [
    ...equality.map(field => `${field} =`),
    ...(sort ? [`${sort} in order`] : []),
    ...(range ? [`${range} within`] : []),
  ];
  const rest = checked ? `${checked.fields.join(', ')}: ${checked.few}` : '';
  return `| \`${name}\` | ${does} | ${query.for} | ${fieldsOf(query).join(', ')} | ${fields.join(', ')} | ${rest} | ${SHARD_KEYS[collection].join(', ')} |`;
}

/** Text of docs/data-model.md. */
export const dataModel = (): string =>
  [
    `${INTRODUCTION}| query | does | for | index | fields of the index | checked | shard key |`,
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...Object.entries(QUERIES).map(row),
    '',
  ].join('\n');
