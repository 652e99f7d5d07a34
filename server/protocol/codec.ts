import type { ErrorCode } from './codes.ts';

/** Encoding of frames. */
export type Encoding = 'json' | 'protobuf';

/** Position in a room's order of messages. Offset 0 is before the first message; an empty epoch matches any epoch. */
export interface Position {
  readonly offset: number;
  readonly epoch: string;
}

interface Numbered {
  /** Number that the client gave the command, at least 1; the reply carries it. */
  readonly id: number;
}

/**
 * A decoded command of a client. `data` is raw bytes as sent: valid JSON without line breaks from a JSON frame, arbitrary bytes
 * from a Protobuf frame until `isPlainJson` has accepted them. Absent texts are empty. Text that is not valid Unicode is kept as
 * ill-formed text, so that the command is answered and the connection stays open; it must not reach NATS or another client.
 * Offsets above 2^53 become `Number.MAX_SAFE_INTEGER`.
 */
export type Command =
  | (Numbered & {
      readonly method: 'connect';
      readonly token: string;
      readonly name: string;
      readonly version: string;
      /** Server-side subscriptions the client wants to resume, by channel. */
      readonly subs: ReadonlyMap<string, Position & { readonly recover: boolean }>;
    })
  | (Numbered & {
      readonly method: 'subscribe';
      readonly channel: string;
      readonly token: string;
      readonly recover: boolean;
      readonly position: Position;
      readonly joinLeave: boolean;
      /** Bit 2: answer error 112 instead of `recovered: false`. */
      readonly flag: number;
      /** 0 = stream; map and shared-poll subscriptions are not offered. */
      readonly type: number;
      /** True if the client asks for a tags filter, which is not offered. (A delta may be asked for; none is ever sent.) */
      readonly filtered: boolean;
    })
  | (Numbered & { readonly method: 'unsubscribe'; readonly channel: string })
  | (Numbered & { readonly method: 'publish'; readonly channel: string; readonly data: Uint8Array | null })
  | (Numbered & { readonly method: 'presence'; readonly channel: string })
  | (Numbered & { readonly method: 'presence_stats'; readonly channel: string })
  | (Numbered & {
      readonly method: 'history';
      readonly channel: string;
      /** 0: position only; -1: as many as allowed. */
      readonly limit: number;
      readonly since: Position | null;
      readonly reverse: boolean;
    })
  | (Numbered & { readonly method: 'rpc'; readonly name: string; readonly data: Uint8Array | null })
  | (Numbered & { readonly method: 'refresh'; readonly token: string })
  | (Numbered & { readonly method: 'sub_refresh'; readonly channel: string; readonly token: string })
  | { readonly method: 'send'; readonly data: Uint8Array | null }
  /** Empty command: the client's answer to a ping. */
  | { readonly method: 'pong' };

/** One connection of a user. */
export interface ClientInfo {
  readonly user: string;
  /** Id of the connection. */
  readonly client: string;
}

/** One message as clients receive it. `data` must be JSON without raw newlines: encoders copy it into the frame unchanged. */
export interface Publication {
  readonly data: Uint8Array;
  /** Place in the room; 0, which is not sent, for an event that has none. */
  readonly offset: number;
  /** Sender; absent for messages of the server itself. */
  readonly info?: ClientInfo;
  /** Type of the message, sent as the tag `type`. Only the server can set it, unlike anything in `data`. */
  readonly type?: string;
}

/** Answer to a subscribe, as the protocol defines it. */
export interface SubscribeResult {
  readonly recoverable: boolean;
  readonly positioned: boolean;
  readonly epoch: string;
  readonly offset: number;
  readonly wasRecovering: boolean;
  readonly recovered: boolean;
  readonly publications: readonly Publication[];
}

/** Answer to a command. */
export type Reply =
  | {
      readonly method: 'connect';
      readonly client: string;
      readonly version: string;
      /** Seconds to the expiry of the token; 0: the connection does not expire. */
      readonly ttl: number;
      /** Seconds between pings. */
      readonly ping: number;
      readonly pong: boolean;
      /** The server's time of day, milliseconds since 1970. */
      readonly time: number;
      /** Welcome payload, JSON: names the gateway. */
      readonly data: Uint8Array;
      readonly subs: ReadonlyMap<string, SubscribeResult>;
    }
  | ({ readonly method: 'subscribe' } & SubscribeResult)
  | { readonly method: 'unsubscribe' }
  | { readonly method: 'publish' }
  | { readonly method: 'presence'; readonly presence: ReadonlyMap<string, ClientInfo> }
  | { readonly method: 'presence_stats'; readonly clients: number; readonly users: number }
  | {
      readonly method: 'history';
      readonly publications: readonly Publication[];
      readonly epoch: string;
      readonly offset: number;
    }
  | { readonly method: 'rpc'; readonly data: Uint8Array }
  | { readonly method: 'refresh'; readonly client: string; readonly version: string; readonly ttl: number }
  | { readonly method: 'sub_refresh' };

/** Frame that answers no command. */
export type Push =
  | { readonly type: 'publication'; readonly channel: string; readonly publication: Publication }
  | { readonly type: 'join' | 'leave'; readonly channel: string; readonly info: ClientInfo }
  | { readonly type: 'unsubscribe'; readonly channel: string; readonly code: number; readonly reason: string }
  /** Message for the connection, of no channel. `data` is JSON without raw newlines, as that of a {@link Publication}. */
  | { readonly type: 'message'; readonly data: Uint8Array };

/** One encoded frame: text for JSON, bytes for Protobuf. Sent as {@link Codec.binary} says. */
export type Frame = string | Uint8Array;

/** One encoding of the protocol. Pure: connections share it. */
export interface Codec {
  readonly encoding: Encoding;
  /** True if frames are sent as binary WebSocket messages. */
  readonly binary: boolean;
  /** WebSocket subprotocol to echo. */
  readonly subprotocol: string;
  /** A ping: no id, no body. */
  readonly ping: Frame;
  /**
   * Decodes all commands of one frame, in order. Keeps no reference to `frame`: its bytes are copied.
   * @throws {BadFrame} for anything but one or more well-formed commands
   */
  decode(frame: Uint8Array): Command[];
  /** Bytes of each command of a frame that {@link decode} accepts, in order. JSON may add one for an empty last line. */
  sizes(frame: Uint8Array): number[];
  /** @param id of the command */
  reply(id: number, reply: Reply): Frame;
  /** @param id of the command @param detail replaces the catalogue's message, to name the field and the limit */
  error(id: number, error: ErrorCode, detail?: string): Frame;
  push(push: Push): Frame;
}

/** A frame that breaks the protocol; its connection is closed with 3501. */
export class BadFrame extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadFrame';
  }
}
