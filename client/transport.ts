import type { ParamsOf, ResultOf, VerbName } from './verbs.ts';

/**
 * Connection to the chat. It connects again by itself, and subscribes again to the rooms that were joined. Implemented over the
 * official SDK by `centrifuge-transport.ts`.
 */
export interface Transport {
  /** Connects, and stays connected. */
  connect(): void;
  /** Ends the connection until {@link connect} is called. */
  disconnect(): void;
  /** Calls a verb. The result is what the server sent: it is not checked. @throws {CallError} */
  call<V extends VerbName>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V>>;
  /** Subscribes to a room, and again after every reconnect until the link is closed. Handlers are called in order of arrival. */
  join(room: string, handlers: RoomHandlers): RoomLink;
}

/** State of a connection. */
export type Connection =
  /** Connected. `gateway` and `version` are empty if the server does not send them. */
  | {
      readonly phase: 'connected';
      readonly client: string;
      readonly gateway: string;
      readonly version: string;
      /** The server's time of day, milliseconds since 1970; null if the server does not send it. */
      readonly time: number | null;
    }
  | { readonly phase: 'connecting'; readonly code: number; readonly reason: string }
  /** Disconnected until {@link Transport.connect} is called. Code 0: it was asked for. */
  | { readonly phase: 'disconnected'; readonly code: number; readonly reason: string };

export interface Position {
  readonly offset: number;
  readonly epoch: string;
}

/** User on one of their connections. */
export interface Member {
  readonly user: string;
  readonly client: string;
}

/** Publication of a room as it arrives. `data` is what its sender published, unchecked. */
export interface Publication {
  /** Place in the room; 0 for an event that has none, as it is kept nowhere. */
  readonly offset: number;
  readonly data: unknown;
  readonly sender: Member | null;
  /** Type, as the server sent it; null from a gateway of an older version, which sends none. */
  readonly type: string | null;
}

export interface RoomHandlers {
  /** Called when the room delivers. `recovered`: all publications after the last delivered one follow. */
  subscribed(position: Position, recovered: boolean): void;
  /** Called when the subscription is lost. It comes back by itself. */
  interrupted(): void;
  /** Called when the server refused or ended the subscription. It does not come back by itself. */
  ended(code: number, reason: string): void;
  publication(publication: Publication): void;
  joined(member: Member): void;
  left(member: Member): void;
}

export interface HistoryRequest {
  readonly limit: number;
  /** Position to read from, exclusive. Default: before the oldest message, or after the newest if `reverse`. */
  readonly since?: Position;
  readonly reverse?: boolean;
}

export interface HistoryPage {
  readonly publications: readonly Publication[];
  readonly top: Position;
}

export interface RoomLink {
  /** Reads a page of messages. @throws {CallError} */
  history(request: HistoryRequest): Promise<HistoryPage>;
  /** Reads the connections in the room. @throws {CallError} 106 if the room has more than gateways list */
  presence(): Promise<Member[]>;
  /** Reads the number of users in the room: exact in rooms that are listed, approximate in larger ones. @throws {CallError} */
  countUsers(): Promise<number>;
  /** Leaves the room. No handler is called afterwards. */
  close(): void;
}
