import type { Encoding, Frame } from '../protocol/codec.ts';

/** A connection as a room sees it. */
export interface Member {
  readonly encoding: Encoding;
  /** Connection id. */
  readonly client: string;
  readonly user: string;
  /** Joins or leaves a fan-out topic; from then on its frames arrive, in the order they are published. */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  send(frame: Frame): void;
  /** True while so much waits for the reader that more should not be sent for now. */
  congested(): boolean;
  /** Resolves when it may no longer be congested, or the connection is gone. */
  writable(): Promise<void>;
  /** Calls `read` when a slot is free: few pages are read at a time for one connection, and for a gateway. */
  inSlot<T>(read: () => Promise<T>): Promise<T>;
  /** The room is gone under the member's feet: it must subscribe again. Called after the room let go of it. */
  expelled(room: string): void;
  /** False once the connection is gone or has left the room. */
  alive(): boolean;
}
