import type { ParamsOf, ResultOf, VerbName } from './verbs.ts';

/** What the chat needs of a connection. `centrifuge-transport.ts` implements it over the official SDK. */
export interface Transport {
  connect(): void;
  /** Ends the connection until {@link connect} is called. */
  disconnect(): void;
  /** Calls a verb. The result is what the server sent: it is not checked. @throws {CallError} */
  call<V extends VerbName>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V>>;
  /** Subscribes to a room, again after every reconnect, until the link is closed. */
  join(room: string, handlers: RoomHandlers): RoomLink;
}

export type Connection =
  /** `gateway` and `version` are empty when the server does not name them. */
  | {
      readonly phase: 'connected';
      readonly client: string;
      readonly gateway: string;
      readonly version: string;
      /** The server's time of day, milliseconds since 1970; null when the server does not say it. */
      readonly time: number | null;
    }
  | { readonly phase: 'connecting'; readonly code: number; readonly reason: string }
  /** Not tried again by itself. Code 0: asked for. */
  | { readonly phase: 'disconnected'; readonly code: number; readonly reason: string };

export interface Position {
  readonly offset: number;
  readonly epoch: string;
}

/** Who did something: a user, through one of their connections. */
export interface Member {
  readonly user: string;
  readonly client: string;
}

/** A room's publication as it arrives; `data` is whatever the sender published. */
export interface Publication {
  readonly offset: number;
  readonly data: unknown;
  readonly sender: Member | null;
  /** Type by the server's word; null from a gateway of an older version, which sends none. */
  readonly type: string | null;
}

export interface RoomHandlers {
  /** The subscription is live. `recovered`: everything after the last publication delivered follows. */
  subscribed(position: Position, recovered: boolean): void;
  /** The subscription is away and will be back. */
  interrupted(): void;
  /** The server refused or ended the subscription for good. */
  ended(code: number, reason: string): void;
  publication(publication: Publication): void;
  joined(member: Member): void;
  left(member: Member): void;
}

export interface HistoryRequest {
  readonly limit: number;
  /** Exclusive; without it reading begins at the oldest message, or at the newest if `reverse`. */
  readonly since?: Position;
  readonly reverse?: boolean;
}

export interface HistoryPage {
  readonly publications: readonly Publication[];
  readonly top: Position;
}

export interface RoomLink {
  /** @throws {CallError} */
  history(request: HistoryRequest): Promise<HistoryPage>;
  /** @throws {CallError} */
  /** Rejects with code 106 for a room with more connections than gateways list. */
  presence(): Promise<Member[]>;
  /** Number of users in the room, exact in rooms that are listed, near in larger ones. */
  countUsers(): Promise<number>;
  close(): void;
}
