// Generated from the table of verbs: `npm run update` writes this file.

/** Parameters and results of the verbs, by name. */
export interface Verbs {
  /** Sends a text message to a room. */
  readonly 'message.send': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the message, unique for its sender and room. At most half of `CHAT_DEDUPE_SECONDS` ahead. */
      readonly id: string;
      /** Text, not empty. At most `limits.textCharacters` of the room's kind, 8,000 by default. The message, as JSON with its envelope, has at most `CHAT_MAX_MESSAGE_BYTES` bytes. */
      readonly text: string;
      /** List of at most 50: id of a user, at most 250 bytes of UTF-8, each once. Users whom the text mentions. Members among them who may read the message are told, once for each message. */
      readonly mentions?: readonly string[];
      /** `true` or `false`. `true` if the text mentions everybody in the room. For the rank moderator and above, in rooms with at most `sizes.mentionAll` members. */
      readonly all?: boolean;
      /** Object with `offset` (integer from 1 to 2^53 - 1), `id` (UUIDv7 in lower case, made by the server's time). Message of the same room that this one answers. */
      readonly replyTo?: {
        readonly offset: number;
        readonly id: string;
      };
    };
    readonly result: {
      /** Integer from 1 to 2^53 - 1. Place of the entry in the room's order. */
      readonly offset: number;
      /** Text, not empty. Epoch that the offset counts in. */
      readonly epoch: string;
      /** `true` or `false`. True if the entry was stored before. */
      readonly duplicate: boolean;
    };
  };
  /** Replaces the text of a message of the caller, and its mentions. */
  readonly 'message.edit': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the edit, as that of a message. */
      readonly id: string;
      /** Integer from 1 to 2^53 - 1. Offset of the message. */
      readonly target: number;
      /** UUIDv7 in lower case, made by the server's time. Id of the message. */
      readonly of: string;
      /** Text, not empty. The new text, as long as that of a message. */
      readonly text: string;
      /** List of at most 50: id of a user, at most 250 bytes of UTF-8, each once. Users whom the text mentions. Members among them who may read the message are told, once for each message. */
      readonly mentions?: readonly string[];
      /** `true` or `false`. `true` if the text mentions everybody in the room. For the rank moderator and above, in rooms with at most `sizes.mentionAll` members. */
      readonly all?: boolean;
      /** Integer from 1 to 2^53 - 1. Revision of the message that the caller saw: `rev` of `message.list`. Default: the edit counts in any case. */
      readonly rev?: number;
    };
    readonly result: {
      /** Integer from 1 to 2^53 - 1. Place of the entry in the room's order. */
      readonly offset: number;
      /** Text, not empty. Epoch that the offset counts in. */
      readonly epoch: string;
      /** `true` or `false`. True if the entry was stored before. */
      readonly duplicate: boolean;
    };
  };
  /** Deletes messages: those of the caller for everybody, or any for the caller alone. Staff deletes those of lower ranks. */
  readonly 'message.delete': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the delete, as that of a message. */
      readonly id: string;
      /** List of 1 to 100: object with `target` (integer from 1 to 2^53 - 1), `of` (UUIDv7 in lower case, made by the server's time). */
      readonly targets: readonly {
        readonly target: number;
        readonly of: string;
      }[];
      /** `all` or `me`. `all` by default. */
      readonly scope?: 'all' | 'me';
    };
    readonly result: {
      /** Integer from 1 to 2^53 - 1. Place of the entry in the room's order. */
      readonly offset: number;
      /** Text, not empty. Epoch that the offset counts in. */
      readonly epoch: string;
      /** `true` or `false`. True if the entry was stored before. */
      readonly duplicate: boolean;
    };
  };
  /** Puts the caller's emoji on a message, or takes it away. */
  readonly 'message.react': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the reaction, as that of a message. */
      readonly id: string;
      /** Integer from 1 to 2^53 - 1. Offset of the message. */
      readonly target: number;
      /** UUIDv7 in lower case, made by the server's time. Id of the message. */
      readonly of: string;
      /** Text of 1 to 16 characters. */
      readonly emoji: string;
      /** `true` or `false`. True to put it there. */
      readonly on: boolean;
    };
    readonly result: {
      /** Integer from 1 to 2^53 - 1. Place of the entry in the room's order. */
      readonly offset: number;
      /** Text, not empty. Epoch that the offset counts in. */
      readonly epoch: string;
      /** `true` or `false`. True if the entry was stored before. */
      readonly duplicate: boolean;
    };
  };
  /** Lists messages of a room with all changes in them: edits, reactions and deletes. */
  readonly 'message.list': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** Integer from 1 to 100. Most messages, 50 by default. */
      readonly limit?: number;
      /** Integer from 1 to 2^53 - 1. Offset below which the last messages are listed. */
      readonly before?: number;
      /** Integer from 0 to 2^53 - 1. Offset above which the first messages are listed. */
      readonly after?: number;
      /** Integer from 1 to 2^53 - 1. Offset around which messages are listed, half of them at or below it. */
      readonly around?: number;
    };
    readonly result: {
      /** List of at most 100: object with `offset` (integer from 1 to 2^53 - 1), `id` (text), `type` (text, not empty), `user` (text), `time` (integer from 0 to 2^53 - 1), `text` (text), `mentions` (list of at most 50: text, not empty), `all` (`true` or `false`), `rev` (integer from 1 to 2^53 - 1), `deleted` (integer from 1 to 2^53 - 1), `reactions` (list of at most 9007199254740991: object with `emoji` (text, not empty), `n` (integer from 1 to 2^53 - 1), `users` (list of at most 11: object with `user` (text, not empty), `at` (integer from 1 to 2^53 - 1))), `replyTo` (object with `offset` (integer from 1 to 2^53 - 1), `id` (text, not empty)). Messages, ascending by offset. */
      readonly items: readonly {
        readonly offset: number;
        readonly id: string;
        readonly type: string;
        readonly user: string;
        readonly time: number;
        readonly text?: string;
        readonly mentions?: readonly string[];
        readonly all?: boolean;
        readonly rev: number;
        readonly deleted?: number;
        readonly reactions?: readonly {
          readonly emoji: string;
          readonly n: number;
          readonly users: readonly {
            readonly user: string;
            readonly at: number;
          }[];
        }[];
        readonly replyTo?: {
          readonly offset: number;
          readonly id: string;
        };
      }[];
      /** Integer from 0 to 2^53 - 1. Offset up to which every change is in the messages. A subscription from it continues without a gap; a change that is in them may come again and changes nothing. */
      readonly upto: number;
      /** Text, not empty. Epoch that the offsets count in. */
      readonly epoch: string;
    };
  };
  /** Reads single messages of a room with all changes in them. */
  readonly 'message.get': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** List of at most 100: object with `target` (integer from 1 to 2^53 - 1), `of` (UUIDv7 in lower case, made by the server's time). */
      readonly ids: readonly {
        readonly target: number;
        readonly of: string;
      }[];
    };
    readonly result: {
      /** List of at most 100: object with `offset` (integer from 1 to 2^53 - 1), `id` (text), `type` (text, not empty), `user` (text), `time` (integer from 0 to 2^53 - 1), `text` (text), `mentions` (list of at most 50: text, not empty), `all` (`true` or `false`), `rev` (integer from 1 to 2^53 - 1), `deleted` (integer from 1 to 2^53 - 1), `reactions` (list of at most 9007199254740991: object with `emoji` (text, not empty), `n` (integer from 1 to 2^53 - 1), `users` (list of at most 11: object with `user` (text, not empty), `at` (integer from 1 to 2^53 - 1))), `replyTo` (object with `offset` (integer from 1 to 2^53 - 1), `id` (text, not empty)). Messages, ascending by offset. */
      readonly items: readonly {
        readonly offset: number;
        readonly id: string;
        readonly type: string;
        readonly user: string;
        readonly time: number;
        readonly text?: string;
        readonly mentions?: readonly string[];
        readonly all?: boolean;
        readonly rev: number;
        readonly deleted?: number;
        readonly reactions?: readonly {
          readonly emoji: string;
          readonly n: number;
          readonly users: readonly {
            readonly user: string;
            readonly at: number;
          }[];
        }[];
        readonly replyTo?: {
          readonly offset: number;
          readonly id: string;
        };
      }[];
      /** Integer from 0 to 2^53 - 1. Offset up to which every change is in the messages. A subscription from it continues without a gap; a change that is in them may come again and changes nothing. */
      readonly upto: number;
      /** Text, not empty. Epoch that the offsets count in. */
      readonly epoch: string;
    };
  };
  /** Makes a room, with the caller as its owner. */
  readonly 'room.create': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the room. */
      readonly id: string;
      /** Text of 1 to 63 characters. Kind of the room. */
      readonly kind: string;
      /** Text of 0 to 100 characters, one line. Name of the room, for people. */
      readonly name?: string;
      /** Text of 0 to 500 characters. Topic of the room. */
      readonly topic?: string;
      /** URL with `https` or `http`, or empty, at most 2048 characters. Image of the room. */
      readonly avatar?: string;
      /** List of at most 100: id of a user, at most 250 bytes of UTF-8. Users who are members from the start, beside the caller. */
      readonly members?: readonly string[];
    };
    readonly result: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. Name of the room. */
      readonly room: string;
      /** Object with a value for each user: `added` or `refused`. Outcome for each user of `members`. */
      readonly users: { readonly [user: string]: 'added' | 'refused' };
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Reads a room, and what the caller may do in it. */
  readonly 'room.get': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
    };
    readonly result: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** Text, not empty. Kind of the room. */
      readonly kind: string;
      /** Id of a user, at most 250 bytes of UTF-8. The other user, of the room of two users. */
      readonly user?: string;
      /** `Open` or `Claim` or `Members`. Users who may read, by the kind. */
      readonly access: 'Open' | 'Claim' | 'Members';
      /** `Everyone` or `Members` or `Staff`. Users who may send, by the kind. */
      readonly write: 'Everyone' | 'Members' | 'Staff';
      /** Text. Name for people; empty for none. */
      readonly name: string;
      /** Text. Topic; empty for none. */
      readonly topic: string;
      /** Text. URL of an image; empty for none. */
      readonly avatar: string;
      /** Integer from 0 to 2^53 - 1. Milliseconds since 1970; 0 for a room that nobody created. */
      readonly created: number;
      /** `true` or `false`. True while staff alone may write. */
      readonly frozen: boolean;
      /** Integer from 0 to 2^53 - 1. Members. In a kind with access `Open` or `Claim` those whom staff added. */
      readonly members: number;
      /** Integer from 0 to 2^53 - 1. Version of the room. */
      readonly cv: number;
      /** Object with `state` (`none` or `member` or `invited` or `requested` or `banned`), `role` (`owner` or `admin` or `moderator` or `member` or `guest`), `can` (list of at most 23: `read` or `write` or `join` or `request` or `accept` or `decline` or `leave` or `invite` or `add` or `link` or `deleteOther` or `mentionAll` or `topic` or `settings` or `freeze` or `approve` or `kick` or `ban` or `unban` or `mute` or `role` or `transfer` or `delete`), `mutedUntil` (integer from 0 to 2^53 - 1). */
      readonly me: {
        readonly state: 'none' | 'member' | 'invited' | 'requested' | 'banned';
        readonly role?: 'owner' | 'admin' | 'moderator' | 'member' | 'guest';
        readonly can: readonly (
          | 'read'
          | 'write'
          | 'join'
          | 'request'
          | 'accept'
          | 'decline'
          | 'leave'
          | 'invite'
          | 'add'
          | 'link'
          | 'deleteOther'
          | 'mentionAll'
          | 'topic'
          | 'settings'
          | 'freeze'
          | 'approve'
          | 'kick'
          | 'ban'
          | 'unban'
          | 'mute'
          | 'role'
          | 'transfer'
          | 'delete'
        )[];
        readonly mutedUntil?: number;
      };
    };
  };
  /** Lists the rooms of the caller, all or some of them, in one of three orders. */
  readonly 'room.list': {
    readonly params: {
      /** Text of 1 to 63 characters. Only rooms of this kind. */
      readonly kind?: string;
      /** Text of 1 to 100 characters. Only rooms whose name for people begins with it, in any case of letters. Rooms of two users have no name. */
      readonly prefix?: string;
      /** `true` or `false`. `true`: only rooms whose `n` is not 0. What has to be counted counts as unread. */
      readonly unread?: boolean;
      /** `room` or `name` or `last`. Order: `room`, the default, is by name of the room; `name` by the name for people, in any case of letters, then the rooms without one; `last` by time of the last message, newest first, then the rooms without one. */
      readonly order?: 'room' | 'name' | 'last';
      /** Integer from 1 to 250. Most rooms of the answer. Default: 250. */
      readonly limit?: number;
      /** Text of 1 to 42868 characters. `cursor` of the page before, for the same `kind`, `prefix`, `unread` and `order`. */
      readonly cursor?: string;
    };
    readonly result: {
      /** List of at most 250: object with `room` (name of a room, `kind:name`, at most 255 bytes of UTF-8), `name` (text), `user` (id of a user, at most 250 bytes of UTF-8), `state` (`member` or `invited` or `requested`), `role` (`owner` or `admin` or `moderator` or `member` or `guest`), `n` (integer from 0 to 2^53 - 1, or `null`), `mentions` (integer from 0 to 2^53 - 1, or `null`), `read` (integer from 0 to 2^53 - 1, or `null`), `delivered` (integer from 0 to 2^53 - 1, or `null`), `last` (object with `offset` (integer from 1 to 2^53 - 1), `id` (text), `user` (text), `time` (integer from 0 to 2^53 - 1), `text` (text), `deleted` (integer from 1 to 2^53 - 1), or `null`), `top` (integer from 0 to 2^53 - 1). Rooms. */
      readonly items: readonly {
        readonly room: string;
        readonly name: string;
        readonly user?: string;
        readonly state: 'member' | 'invited' | 'requested';
        readonly role?: 'owner' | 'admin' | 'moderator' | 'member' | 'guest';
        readonly n: number | null;
        readonly mentions: number | null;
        readonly read: number | null;
        readonly delivered: number | null;
        readonly last: {
          readonly offset: number;
          readonly id: string;
          readonly user: string;
          readonly time: number;
          readonly text?: string;
          readonly deleted?: number;
        } | null;
        readonly top: number;
      }[];
      /** Text, not empty. Missing at the end of the list. */
      readonly cursor?: string;
    };
  };
  /** Brings a list of rooms up to date: answers what has changed of the rooms of the caller since a cursor. */
  readonly sync: {
    readonly params: {
      /** Text of 1 to 60000 characters. `cursor` of the last answer. One that this server does not understand, or of another user, counts as none, and `reset` has every partition. */
      readonly cursor?: string;
      /** Integer from 1 to 250. Most rooms and marks of the answer. Default: 250. */
      readonly limit?: number;
      /** `true` or `false`. True: from now on the connection is told of rooms with new messages that it is not subscribed to, by the event `bump`. Say it with each sync. */
      readonly bumps?: boolean;
    };
    readonly result: {
      /** Text. Cursor of the next call: text without a meaning for clients. */
      readonly cursor: string;
      /** List of at most 250: object with `room` (name of a room, `kind:name`, at most 255 bytes of UTF-8), `name` (text), `user` (id of a user, at most 250 bytes of UTF-8), `state` (`member` or `invited` or `requested`), `role` (`owner` or `admin` or `moderator` or `member` or `guest`), `n` (integer from 0 to 2^53 - 1, or `null`), `mentions` (integer from 0 to 2^53 - 1, or `null`), `read` (integer from 0 to 2^53 - 1, or `null`), `delivered` (integer from 0 to 2^53 - 1, or `null`), `last` (object with `offset` (integer from 1 to 2^53 - 1), `id` (text), `user` (text), `time` (integer from 0 to 2^53 - 1), `text` (text), `deleted` (integer from 1 to 2^53 - 1), or `null`), `top` (integer from 0 to 2^53 - 1), `partition` (integer from 0 to 2^53 - 1). Rooms that are new or have changed, in no order. */
      readonly rooms: readonly {
        readonly room: string;
        readonly name: string;
        readonly user?: string;
        readonly state: 'member' | 'invited' | 'requested';
        readonly role?: 'owner' | 'admin' | 'moderator' | 'member' | 'guest';
        readonly n: number | null;
        readonly mentions: number | null;
        readonly read: number | null;
        readonly delivered: number | null;
        readonly last: {
          readonly offset: number;
          readonly id: string;
          readonly user: string;
          readonly time: number;
          readonly text?: string;
          readonly deleted?: number;
        } | null;
        readonly top: number;
        readonly partition: number;
      }[];
      /** List of at most 2000: name of a room, `kind:name`, at most 255 bytes of UTF-8. Rooms that are not of the caller any more. */
      readonly left: readonly string[];
      /** List of at most 250: object with `room` (name of a room, `kind:name`, at most 255 bytes of UTF-8), `read` (integer from 0 to 2^53 - 1), `delivered` (integer from 0 to 2^53 - 1). Own marks that have risen, of rooms that have not changed. */
      readonly marks: readonly {
        readonly room: string;
        readonly read: number;
        readonly delivered: number;
      }[];
      /** List of at most 64: integer from 0 to 2^53 - 1. Partitions whose rooms all come again, in this answer and those that follow: what the client has of them may be outdated. */
      readonly reset: readonly number[];
      /** `true` or `false`. True if there is another page. */
      readonly more: boolean;
    };
  };
  /** Lists the members of a room, by rank and then by id. */
  readonly 'room.members': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** Text of 1 to 100 characters. Only users whose id begins with it. */
      readonly q?: string;
      /** `owner` or `admin` or `moderator` or `member` or `guest`. Only members of this rank. */
      readonly role?: 'owner' | 'admin' | 'moderator' | 'member' | 'guest';
      /** `requested` or `invited` or `banned`. Users in this relation instead of members. */
      readonly state?: 'requested' | 'invited' | 'banned';
      /** Integer from 1 to 1000. Most members of the answer. Default: 1000. */
      readonly limit?: number;
      /** Text of 1 to 300 characters. `cursor` of the page before. */
      readonly cursor?: string;
    };
    readonly result: {
      /** List of at most 1000: object with `user` (id of a user, at most 250 bytes of UTF-8), `role` (`owner` or `admin` or `moderator` or `member` or `guest`), `since` (integer from 0 to 2^53 - 1), `until` (integer from 0 to 2^53 - 1), `note` (text), `reason` (text). Members. */
      readonly users: readonly {
        readonly user: string;
        readonly role: 'owner' | 'admin' | 'moderator' | 'member' | 'guest';
        readonly since: number;
        readonly until?: number;
        readonly note?: string;
        readonly reason?: string;
      }[];
      /** Text, not empty. Missing at the end of the list. */
      readonly cursor?: string;
    };
  };
  /** Lists the rooms of a kind that users may find, by name. */
  readonly 'room.discover': {
    readonly params: {
      /** Text of 1 to 63 characters. Kind of the rooms. */
      readonly kind: string;
      /** Text of 1 to 100 characters. Only rooms whose name begins with it, in any case of letters. */
      readonly q?: string;
      /** Integer from 1 to 100. Most rooms of the answer. Default: 100. */
      readonly limit?: number;
      /** Text of 1 to 500 characters. `cursor` of the page before. */
      readonly cursor?: string;
    };
    readonly result: {
      /** `Anyone` or `Request`. Way to become a member: `room.join`, or `room.request`. */
      readonly join: 'Anyone' | 'Request';
      /** List of at most 100: object with `room` (name of a room, `kind:name`, at most 255 bytes of UTF-8), `name` (text), `topic` (text), `avatar` (text), `members` (integer from 0 to 2^53 - 1). Rooms. */
      readonly items: readonly {
        readonly room: string;
        readonly name: string;
        readonly topic: string;
        readonly avatar: string;
        readonly members: number;
      }[];
      /** Text, not empty. Missing at the end of the list. */
      readonly cursor?: string;
    };
  };
  /** Lists the kinds of rooms with their rules, by name. */
  readonly 'room.kinds': {
    readonly params: Readonly<Record<string, never>>;
    readonly result: {
      /** List of at most 1000: object with `kind` (text, not empty), `access` (`Open` or `Claim` or `Members`), `create` (`Anyone` or `Nobody`), `join` (`Anyone` or `Request` or `Invite`), `write` (`Everyone` or `Members` or `Staff`), `history` (`All` or `Joined`), `maxMembers` (integer from 0 to 2^53 - 1), `invite` (`Member` or `Moderator` or `Admin`), `limits` (object with `textCharacters` (integer from 0 to 2^53 - 1), `editSeconds` (integer from 0 to 2^53 - 1), `deleteSeconds` (integer from 0 to 2^53 - 1), `emojiPerMessage` (integer from 0 to 2^53 - 1)), `sizes` (object with `typing` (integer from 0 to 2^53 - 1), `receipts` (integer from 0 to 2^53 - 1), `presence` (integer from 0 to 2^53 - 1), `mentionAll` (integer from 0 to 2^53 - 1)). Kinds. */
      readonly items: readonly {
        readonly kind: string;
        readonly access: 'Open' | 'Claim' | 'Members';
        readonly create: 'Anyone' | 'Nobody';
        readonly join: 'Anyone' | 'Request' | 'Invite';
        readonly write: 'Everyone' | 'Members' | 'Staff';
        readonly history: 'All' | 'Joined';
        readonly maxMembers: number;
        readonly invite: 'Member' | 'Moderator' | 'Admin';
        readonly limits: {
          readonly textCharacters: number;
          readonly editSeconds: number;
          readonly deleteSeconds: number;
          readonly emojiPerMessage: number;
        };
        readonly sizes: {
          readonly typing: number;
          readonly receipts: number;
          readonly presence: number;
          readonly mentionAll: number;
        };
      }[];
    };
  };
  /** Changes the name, the topic or the avatar of a room. */
  readonly 'room.update': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Integer from 0 to 2^53 - 1. Version that the caller saw. Default: any, the last change counts. */
      readonly cv?: number;
      /** Text of 0 to 100 characters, one line. Name of the room, for people. */
      readonly name?: string;
      /** Text of 0 to 500 characters. Topic of the room. */
      readonly topic?: string;
      /** URL with `https` or `http`, or empty, at most 2048 characters. Image of the room. */
      readonly avatar?: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Lets staff alone write in a room, or all who might before. */
  readonly 'room.freeze': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** `true` or `false`. True to freeze the room. */
      readonly on: boolean;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Ends a room for everybody. */
  readonly 'room.delete': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Makes users members of a room. */
  readonly 'room.add': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** List of 1 to 100: id of a user, at most 250 bytes of UTF-8. Users whom the act is on. */
      readonly users: readonly string[];
      /** `owner` or `admin` or `moderator` or `member` or `guest`. Rank that they get. Default: `member`. */
      readonly role?: 'owner' | 'admin' | 'moderator' | 'member' | 'guest';
    };
    readonly result: {
      /** Object with a value for each user: `added` or `refused`. Outcome for each user. */
      readonly users: { readonly [user: string]: 'added' | 'refused' };
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Takes a member out of a room. */
  readonly 'room.kick': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Takes a user out of a room and keeps the user out. */
  readonly 'room.ban': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
      /** Integer from 0 to 2^53 - 1. End of the ban, milliseconds since 1970. Default: no end. */
      readonly until?: number;
      /** Text of 0 to 500 characters. Reason, for all who read the room. */
      readonly reason?: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Ends the ban of a user. It makes the user no member. */
  readonly 'room.unban': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Keeps a user from writing in a room for a time. */
  readonly 'room.mute': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
      /** Integer from 0 to 2^53 - 1. End of the mute, milliseconds since 1970; 0 ends a mute now. */
      readonly until: number;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Gives a member another rank. */
  readonly 'room.role': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
      /** `owner` or `admin` or `moderator` or `member` or `guest`. The new rank. */
      readonly role: 'owner' | 'admin' | 'moderator' | 'member' | 'guest';
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Makes another member the owner. The caller becomes an admin. */
  readonly 'room.transfer': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Ends the membership of the caller. */
  readonly 'room.leave': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Makes the caller a member of a room. */
  readonly 'room.join': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Text of 1 to 64 characters. Token of a link into the room. */
      readonly link?: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Invites users to a room. They become members when they accept. */
  readonly 'room.invite': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** List of 1 to 100: id of a user, at most 250 bytes of UTF-8. Users whom the act is on. */
      readonly users: readonly string[];
    };
    readonly result: {
      /** Object with a value for each user: `invited` or `member` or `refused`. Outcome for each user. */
      readonly users: { readonly [user: string]: 'invited' | 'member' | 'refused' };
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Accepts an invitation: the caller becomes a member. */
  readonly 'room.accept': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Declines an invitation. */
  readonly 'room.decline': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Asks to become a member of a room. */
  readonly 'room.request': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Text of 0 to 500 characters. Words to those who decide, for all who read the room. */
      readonly note?: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Makes a user who has asked for it a member. */
  readonly 'room.approve': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Refuses a user who has asked to become a member. */
  readonly 'room.deny': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Opens the room of the caller and another user. */
  readonly 'dm.open': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the act. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. The other user. */
      readonly user: string;
    };
    readonly result: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. Name of the room. */
      readonly room: string;
    };
  };
  /** Makes a link with which users join a room. */
  readonly 'link.create': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Integer from 0 to 100000. Most joins with it; 0 for no limit. Default: 0. */
      readonly uses?: number;
      /** Integer from 0 to 2^53 - 1. Its end, milliseconds since 1970, at most 30 days ahead. Default: in 7 days. */
      readonly expires?: number;
    };
    readonly result: {
      /** Text, not empty. Secret for `room.join`. */
      readonly token: string;
      /** Text, not empty. Name of the link in `link.list`. */
      readonly hash: string;
      /** Integer from 0 to 2^53 - 1. Its end, milliseconds since 1970. */
      readonly expires: number;
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Lists the links into a room that can be used. Their tokens are known to those who made them alone. */
  readonly 'link.list': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
    };
    readonly result: {
      /** List of at most 20: object with `hash` (text, not empty), `by` (id of a user, at most 250 bytes of UTF-8), `uses` (integer from 0 to 2^53 - 1), `used` (integer from 0 to 2^53 - 1), `expires` (integer from 0 to 2^53 - 1), `created` (integer from 0 to 2^53 - 1). Links, the oldest first. */
      readonly items: readonly {
        readonly hash: string;
        readonly by: string;
        readonly uses: number;
        readonly used: number;
        readonly expires: number;
        readonly created: number;
      }[];
    };
  };
  /** Ends a link into a room. */
  readonly 'link.revoke': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user and room. */
      readonly id: string;
      /** Text of 1 to 64 characters. Name of the link, from `link.list`. */
      readonly hash: string;
    };
    readonly result: {
      /** Integer from 0 to 2^53 - 1. Version of the room that has the act. */
      readonly cv: number;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Shows the other subscribers of a room that the caller is typing, or not any more. */
  readonly 'typing.set': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** `true` or `false`. True while the user is typing. */
      readonly on: boolean;
    };
    readonly result: {
      /** `true` or `false`. False if no event was sent. */
      readonly shown: boolean;
    };
  };
  /** Marks rooms as read, or as delivered, up to an offset. */
  readonly 'receipt.mark': {
    readonly params: {
      /** List of 1 to 100: object with `room` (name of a room, `kind:name`, at most 255 bytes of UTF-8), `read` (integer from 1 to 2^53 - 1), `delivered` (integer from 1 to 2^53 - 1). Marks, `read` or `delivered` or both in each. */
      readonly marks: readonly {
        readonly room: string;
        readonly read?: number;
        readonly delivered?: number;
      }[];
    };
    readonly result: {
      /** List of at most 100: `true` or `false`. For each mark: false if it was stored before, or a higher one. */
      readonly applied: readonly boolean[];
    };
  };
  /** Lists the users who have read a message of a room, or have it on a device. */
  readonly 'receipt.who': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** Integer from 1 to 2^53 - 1. Offset of the message. */
      readonly target: number;
    };
    readonly result: {
      /** List of at most 1000: id of a user, at most 250 bytes of UTF-8. Users who have read it. */
      readonly read: readonly string[];
      /** List of at most 1000: id of a user, at most 250 bytes of UTF-8. Users who have it, and have not read it yet. */
      readonly delivered: readonly string[];
    };
  };
  /** Counts the unread messages of rooms. */
  readonly unread: {
    readonly params: {
      /** List of 1 to 100: name of a room, `kind:name`, at most 255 bytes of UTF-8. Rooms. */
      readonly rooms: readonly string[];
    };
    readonly result: {
      /** List of at most 100: object with `room` (name of a room, `kind:name`, at most 255 bytes of UTF-8), `n` (integer from 0 to 2^53 - 1, or `null`), `more` (`true` or `false`), `partial` (`true` or `false`), `upto` (integer from 0 to 2^53 - 1), `mentions` (integer from 0 to 2^53 - 1, or `null`). Counts, in the order of the rooms. */
      readonly items: readonly {
        readonly room: string;
        readonly n: number | null;
        readonly more?: boolean;
        readonly partial?: boolean;
        readonly upto?: number;
        readonly mentions: number | null;
      }[];
    };
  };
  /** Says whether the connection's client is in front of its user. */
  readonly 'client.state': {
    readonly params: {
      /** `active` or `background`. `background`: the user does not see the application. */
      readonly state: 'active' | 'background';
    };
    readonly result: {
      /** `active` or `background`. State as it is now. */
      readonly state: 'active' | 'background';
    };
  };
  /** Tells whether users are online, and lets the connection know each change. */
  readonly 'presence.watch': {
    readonly params: {
      /** List of 1 to 200: id of a user, at most 250 bytes of UTF-8. Users, in addition to those watched before. */
      readonly users: readonly string[];
    };
    readonly result: {
      /** List of at most 200: object with `user` (id of a user, at most 250 bytes of UTF-8), `state` (`active` or `away` or `offline`), `lastSeen` (integer from 1 to 2^53 - 1). States in the order of `users`. */
      readonly states: readonly {
        readonly user: string;
        readonly state: 'active' | 'away' | 'offline';
        readonly lastSeen?: number;
      }[];
    };
  };
  /** Ends what `presence.watch` began, for some users. Those who are not watched make no difference. */
  readonly 'presence.unwatch': {
    readonly params: {
      /** List of 1 to 200: id of a user, at most 250 bytes of UTF-8. Users. */
      readonly users: readonly string[];
    };
    readonly result: Readonly<Record<string, never>>;
  };
  /** Asks a user to be a friend, or accepts if the user has asked. */
  readonly 'friend.request': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
      /** Text of 0 to 200 characters. Words to the user. */
      readonly note?: string;
    };
    readonly result: {
      /** `friend` or `out` or `in` or `none`. Friendship: `out` if the caller asked, `in` if the user asked. A request that was declined stays `out`. */
      readonly state: 'friend' | 'out' | 'in' | 'none';
      /** `true` or `false`. True if the caller blocks the user. */
      readonly blocked: boolean;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Accepts a friend request, also one that was declined. */
  readonly 'friend.accept': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
    };
    readonly result: {
      /** `friend` or `out` or `in` or `none`. Friendship: `out` if the caller asked, `in` if the user asked. A request that was declined stays `out`. */
      readonly state: 'friend' | 'out' | 'in' | 'none';
      /** `true` or `false`. True if the caller blocks the user. */
      readonly blocked: boolean;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Declines a friend request. The user who asked is not told, and still sees a request that waits. */
  readonly 'friend.decline': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
    };
    readonly result: {
      /** `friend` or `out` or `in` or `none`. Friendship: `out` if the caller asked, `in` if the user asked. A request that was declined stays `out`. */
      readonly state: 'friend' | 'out' | 'in' | 'none';
      /** `true` or `false`. True if the caller blocks the user. */
      readonly blocked: boolean;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Ends a friendship, takes back a friend request, or declines one. */
  readonly 'friend.remove': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
    };
    readonly result: {
      /** `friend` or `out` or `in` or `none`. Friendship: `out` if the caller asked, `in` if the user asked. A request that was declined stays `out`. */
      readonly state: 'friend' | 'out' | 'in' | 'none';
      /** `true` or `false`. True if the caller blocks the user. */
      readonly blocked: boolean;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Lists friends, then those who asked the caller, then those whom the caller asked, each by id. */
  readonly 'friend.list': {
    readonly params: {
      /** `friend` or `in` or `out`. Only these. Default: all. */
      readonly state?: 'friend' | 'in' | 'out';
      /** Integer from 1 to 500. Most users of the answer. Default: 500. */
      readonly limit?: number;
      /** Text of 1 to 300 characters. `cursor` of the page before. */
      readonly cursor?: string;
    };
    readonly result: {
      /** List of at most 500: object with `user` (id of a user, at most 250 bytes of UTF-8), `state` (`friend` or `in` or `out`). Users. */
      readonly items: readonly {
        readonly user: string;
        readonly state: 'friend' | 'in' | 'out';
      }[];
      /** Text, not empty. Missing at the end of the list. */
      readonly cursor?: string;
    };
  };
  /** Blocks a user. It ends the friendship, and requests of both. */
  readonly 'block.add': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
    };
    readonly result: {
      /** `friend` or `out` or `in` or `none`. Friendship: `out` if the caller asked, `in` if the user asked. A request that was declined stays `out`. */
      readonly state: 'friend' | 'out' | 'in' | 'none';
      /** `true` or `false`. True if the caller blocks the user. */
      readonly blocked: boolean;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Ends the block of a user. The friendship stays ended. */
  readonly 'block.remove': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User whom the act is on. */
      readonly user: string;
    };
    readonly result: {
      /** `friend` or `out` or `in` or `none`. Friendship: `out` if the caller asked, `in` if the user asked. A request that was declined stays `out`. */
      readonly state: 'friend' | 'out' | 'in' | 'none';
      /** `true` or `false`. True if the caller blocks the user. */
      readonly blocked: boolean;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Lists the users whom the caller blocks, by id. */
  readonly 'block.list': {
    readonly params: {
      /** Integer from 1 to 500. Most users of the answer. Default: 500. */
      readonly limit?: number;
      /** Id of a user, at most 250 bytes of UTF-8. `cursor` of the page before. */
      readonly cursor?: string;
    };
    readonly result: {
      /** List of at most 500: object with `user` (id of a user, at most 250 bytes of UTF-8). Users. */
      readonly items: readonly {
        readonly user: string;
      }[];
      /** Text, not empty. Missing at the end of the list. */
      readonly cursor?: string;
    };
  };
  /** Reads the caller's settings. */
  readonly 'settings.get': {
    readonly params: Readonly<Record<string, never>>;
    readonly result: {
      /** Object with `dm` (`everyone` or `friends` or `nobody`), `add` (`everyone` or `friends` or `nobody`), `invite` (`everyone` or `friends` or `nobody`), `request` (`everyone` or `nobody`), `presence` (`everyone` or `friends` or `nobody`), `receipts` (`on` or `off`). Privacy. */
      readonly privacy: {
        readonly dm: 'everyone' | 'friends' | 'nobody';
        readonly add: 'everyone' | 'friends' | 'nobody';
        readonly invite: 'everyone' | 'friends' | 'nobody';
        readonly request: 'everyone' | 'nobody';
        readonly presence: 'everyone' | 'friends' | 'nobody';
        readonly receipts: 'on' | 'off';
      };
      /** `true` or `false`. True if the caller looks offline to everybody. */
      readonly invisible: boolean;
    };
  };
  /** Changes the caller's settings. */
  readonly 'settings.set': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user. */
      readonly id: string;
      /** Object with `dm` (`everyone` or `friends` or `nobody`), `add` (`everyone` or `friends` or `nobody`), `invite` (`everyone` or `friends` or `nobody`), `request` (`everyone` or `nobody`), `presence` (`everyone` or `friends` or `nobody`), `receipts` (`on` or `off`). Privacy. Settings that are missing stay as they are. */
      readonly privacy?: {
        readonly dm?: 'everyone' | 'friends' | 'nobody';
        readonly add?: 'everyone' | 'friends' | 'nobody';
        readonly invite?: 'everyone' | 'friends' | 'nobody';
        readonly request?: 'everyone' | 'nobody';
        readonly presence?: 'everyone' | 'friends' | 'nobody';
        readonly receipts?: 'on' | 'off';
      };
      /** `true` or `false`. True if the caller looks offline to everybody. */
      readonly invisible?: boolean;
    };
    readonly result: {
      /** Object with `dm` (`everyone` or `friends` or `nobody`), `add` (`everyone` or `friends` or `nobody`), `invite` (`everyone` or `friends` or `nobody`), `request` (`everyone` or `nobody`), `presence` (`everyone` or `friends` or `nobody`), `receipts` (`on` or `off`). Privacy. */
      readonly privacy: {
        readonly dm: 'everyone' | 'friends' | 'nobody';
        readonly add: 'everyone' | 'friends' | 'nobody';
        readonly invite: 'everyone' | 'friends' | 'nobody';
        readonly request: 'everyone' | 'nobody';
        readonly presence: 'everyone' | 'friends' | 'nobody';
        readonly receipts: 'on' | 'off';
      };
      /** `true` or `false`. True if the caller looks offline to everybody. */
      readonly invisible: boolean;
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Reads the profiles of users. */
  readonly 'profile.get': {
    readonly params: {
      /** List of 1 to 100: id of a user, at most 250 bytes of UTF-8. Users to read. */
      readonly users: readonly string[];
    };
    readonly result: {
      /** List of at most 100: object with `user` (id of a user, at most 250 bytes of UTF-8), `name` (text of 0 to 80 characters, one line), `avatar` (URL with `https`, or empty, at most 500 characters), `about` (text of 0 to 500 characters), `fields` (list of at most 20: object with `name` (text of 0 to 40 characters, one line), `value` (text of 0 to 200 characters, one line)), `status` (object with `text` (text of 0 to 80 characters, one line), `emoji` (text of 0 to 16 characters, one line), `until` (integer from 1 to 2^53 - 1)). Profiles in the order of the call, each user once. */
      readonly users: readonly {
        readonly user: string;
        readonly name?: string;
        readonly avatar?: string;
        readonly about?: string;
        readonly fields?: readonly {
          readonly name: string;
          readonly value: string;
        }[];
        readonly status?: {
          readonly text?: string;
          readonly emoji?: string;
          readonly until?: number;
        };
      }[];
    };
  };
  /** Replaces the caller's profile. */
  readonly 'profile.set': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user. */
      readonly id: string;
      /** Text of 0 to 80 characters, one line. Name, for people. */
      readonly name?: string;
      /** URL with `https`, or empty, at most 500 characters. Image. */
      readonly avatar?: string;
      /** Text of 0 to 500 characters. Words about the user. */
      readonly about?: string;
      /** List of at most 20: object with `name` (text of 0 to 40 characters, one line), `value` (text of 0 to 200 characters, one line). Further facts. */
      readonly fields?: readonly {
        readonly name: string;
        readonly value: string;
      }[];
    };
    readonly result: {
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Replaces the caller's status, which is part of the profile. */
  readonly 'status.set': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the act, unique for its user. */
      readonly id: string;
      /** Text of 0 to 80 characters, one line. Words. */
      readonly text?: string;
      /** Text of 0 to 16 characters, one line. Emoji. */
      readonly emoji?: string;
      /** Integer from 1 to 2^53 - 1. End of the status, milliseconds since 1970. Missing for none. */
      readonly until?: number;
    };
    readonly result: {
      /** `true` or `false`. True if the act was done before. */
      readonly duplicate: boolean;
    };
  };
  /** Finds users by their names, or one by the exact id. */
  readonly 'user.search': {
    readonly params: {
      /** Text of 1 to 100 characters. Words to look for. */
      readonly q: string;
      /** Integer from 1 to 20. Most users by name. Default: 20. */
      readonly limit?: number;
      /** Text of 1 to 2000 characters. `cursor` of the page before, for the same `q`. */
      readonly cursor?: string;
    };
    readonly result: {
      /** List of at most 21: object with `user` (id of a user, at most 250 bytes of UTF-8), `name` (text of 0 to 80 characters, one line), `avatar` (URL with `https`, or empty, at most 500 characters). The user with the id, then those by name, by id. */
      readonly users: readonly {
        readonly user: string;
        readonly name?: string;
        readonly avatar?: string;
      }[];
      /** Text, not empty. Missing at the end of the list. */
      readonly cursor?: string;
    };
  };
  /** Tells one user something in the name of the platform. */
  readonly 'notice.send': {
    readonly params: {
      /** UUIDv7 in lower case, made by the server's time. Id of the notice. */
      readonly id: string;
      /** Id of a user, at most 250 bytes of UTF-8. User to tell. */
      readonly user: string;
      /** Text of 1 to 2000 characters. Words of the notice. */
      readonly text: string;
      /** Text of 3 to 255 characters. Room that the notice is about, `kind:name`. Default: none. */
      readonly about?: string;
      /** `true` or `false`. False for connected devices alone. Default: true. */
      readonly keep?: boolean;
    };
    readonly result: {
      /** Integer from 1 to 2^53 - 1. Place of the notice in the inbox. Missing for one that is not kept. */
      readonly offset?: number;
      /** `true` or `false`. True if the notice was stored before. */
      readonly duplicate: boolean;
    };
  };
}

/** Name of a verb. */
export type VerbName = keyof Verbs;
/** Parameters of a verb. */
export type ParamsOf<V extends VerbName> = Verbs[V]['params'];
/** Result of a verb. */
export type ResultOf<V extends VerbName> = Verbs[V]['result'];
