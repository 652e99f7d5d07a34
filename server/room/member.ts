import type { Encoding, Frame } from '../protocol/codec.ts';

/**
 * One connection in one room. Frames of {@link send} and of topics reach its client in one order: the order of these calls and of
 * the publishes. No call throws; once the connection is gone or has left the room, calls do nothing.
 */
export interface Member {
  readonly encoding: Encoding;
  /** Connection id. */
  readonly client: string;
  readonly user: string;
  /** True while the client is in the background: its user does not see it. */
  readonly isBackground: boolean;
  /** Takes note that the user of an inbox's connection is shown in the rooms of that connection from now on, or not any more. */
  shown(isShown: boolean): void;
  /** Joins a topic of {@link FanOut}: frames published after the return reach the client. */
  subscribe(topic: string): void;
  /** Leaves a topic: frames published after the return do not. */
  unsubscribe(topic: string): void;
  /** Queues a frame in the member's encoding. The connection is ended if it cannot be queued. */
  send(frame: Frame): void;
  /**
   * Queues a frame that may be lost. Does not queue it while more than half of the connection's send buffer is taken: the rest is
   * for messages.
   * @returns false if the frame is not queued
   */
  offer(frame: Frame): boolean;
  /** True while so much waits for the client that a caller with more to send should wait for {@link writable}. */
  congested(): boolean;
  /** Resolves when the connection is no longer congested, or is gone: check {@link alive} then. Never rejects. */
  writable(): Promise<void>;
  /**
   * Calls `read` when a slot is free: few pages are read at a time for one connection, and for a gateway. Settles as `read` does.
   */
  inSlot<T>(read: () => Promise<T>): Promise<T>;
  /**
   * Makes the client subscribe again, because the room cannot continue what the client has. Called after the room has removed
   * the member.
   */
  expelled(room: string): void;
  /** Tells the client that its user may not read the room any more, and takes it out of the room. */
  removed(room: string): void;
  /** False once the connection is gone or has left the room. */
  alive(): boolean;
}
