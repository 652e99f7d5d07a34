import type { ErrorCode } from './codes.ts';

export type Encoding = 'json' | 'protobuf';

/** A place in a room's order. Offset 0 is before the first message; an empty epoch matches any. */
export interface Position {
  readonly offset: number;
  readonly epoch: string;
}

interface Numbered {
  /** The client's number of the command, at least 1: the reply carries it. */
  readonly id: number;
}

/**
 * `data` is raw bytes as sent: from a JSON frame it is valid JSON without line breaks, from a Protobuf frame it is
 * anything at all until `isPlainJson` has seen it. Absent texts are empty; one that is no Unicode is here, not well-formed,
 * so that the command is answered and the connection goes on: nothing of it may reach NATS or another client. Offsets
 * above 2^53 are cut to `Number.MAX_SAFE_INTEGER`.
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
      /** True if the client asks for a tags filter, which is not offered. A delta it asks for is never sent. */
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
  /** The empty command: the answer to a ping. */
  | { readonly method: 'pong' };

export interface ClientInfo {
  readonly user: string;
  readonly client: string;
}

/** One message as clients receive it. `data` must be JSON without raw newlines: encoders splice it as it is. */
export interface Publication {
  readonly data: Uint8Array;
  readonly offset: number;
  /** Sender; absent for messages of the server itself. */
  readonly info?: ClientInfo;
  /** Type of the publication by the server's word, as the tag `type`: `data` says what its sender likes. */
  readonly type?: string;
}

export interface SubscribeResult {
  readonly recoverable: boolean;
  readonly positioned: boolean;
  readonly epoch: string;
  readonly offset: number;
  readonly wasRecovering: boolean;
  readonly recovered: boolean;
  readonly publications: readonly Publication[];
}

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

export type Push =
  | { readonly type: 'publication'; readonly channel: string; readonly publication: Publication }
  | { readonly type: 'join' | 'leave'; readonly channel: string; readonly info: ClientInfo }
  | { readonly type: 'unsubscribe'; readonly channel: string; readonly code: number; readonly reason: string };

/** Text for JSON, bytes for Protobuf: send with {@link Codec.binary}. */
export type Frame = string | Uint8Array;

/** One encoding of the protocol. Pure; safe to share between connections. */
export interface Codec {
  readonly encoding: Encoding;
  /** Whether frames go out as binary WebSocket messages. */
  readonly binary: boolean;
  /** WebSocket subprotocol to echo. */
  readonly subprotocol: string;
  /** A ping: no id, no body. */
  readonly ping: Frame;
  /**
   * All commands of one frame, in order. `frame` is not kept: whatever is needed of it is copied.
   * @throws {BadFrame} for anything that is not one or more well-formed commands
   */
  decode(frame: Uint8Array): Command[];
  /** Bytes of each command of a frame that {@link decode} takes, in order; JSON may add a last one for what is left empty. */
  sizes(frame: Uint8Array): number[];
  reply(id: number, reply: Reply): Frame;
  /** @param detail replaces the catalogue's message, to name the field and the limit */
  error(id: number, error: ErrorCode, detail?: string): Frame;
  push(push: Push): Frame;
}

/** The frame breaks the protocol: the connection is closed with 3501. */
export class BadFrame extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadFrame';
  }
}
