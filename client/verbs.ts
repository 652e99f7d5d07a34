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
      /** Text, not empty. The message, as JSON with its envelope, has at most `CHAT_MAX_MESSAGE_BYTES` bytes. */
      readonly text: string;
    };
    readonly result: {
      /** Integer from 1 to 2^53 - 1. Place of the message in the room's order. */
      readonly offset: number;
      /** Text, not empty. Epoch that the offset counts in. */
      readonly epoch: string;
      /** `true` or `false`. True if the message was stored before. */
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
