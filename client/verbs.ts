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
  /** Replaces the text of a message of the caller. */
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
  /** Deletes messages of the caller for everybody. */
  readonly 'message.delete': {
    readonly params: {
      /** Name of a room, `kind:name`, at most 255 bytes of UTF-8. */
      readonly room: string;
      /** UUIDv7 in lower case, made by the server's time. Id of the delete, as that of a message. */
      readonly id: string;
      /** List of at most 100: object with `target` (integer from 1 to 2^53 - 1), `of` (UUIDv7 in lower case, made by the server's time). */
      readonly targets: readonly {
        readonly target: number;
        readonly of: string;
      }[];
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
}

/** Name of a verb. */
export type VerbName = keyof Verbs;
/** Parameters of a verb. */
export type ParamsOf<V extends VerbName> = Verbs[V]['params'];
/** Result of a verb. */
export type ResultOf<V extends VerbName> = Verbs[V]['result'];
