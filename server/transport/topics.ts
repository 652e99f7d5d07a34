import type { Frame } from '../protocol/codec.ts';
import type { PublishTopic } from '../room/fan-out.ts';

/**
 * Member of topics of another kind than a WebSocket: uWebSockets.js has topics of its own. {@link Topics} guarantees:
 * - The member gets the frames published between the return of {@link Topics.join} and the call of {@link Topics.leave}, each
 *   once, in the order in which they are published, over all its topics. WebSockets of a topic get the same frames in the same
 *   order.
 * - Leaving takes effect at once, also while a frame is being published: a member that was not reached yet does not get it. A
 *   member that joins while a frame is being published starts with the next one.
 * - After it has refused a frame the member gets no other one, of any topic, and is ended: no client has a gap.
 */
export interface TopicMember {
  /**
   * Queues a frame, which is in the encoding of the topic. Must return at once, must neither throw nor publish; may join and
   * leave.
   * @returns false if the frame cannot be queued for the reader
   */
  take(frame: Frame): boolean;
  /**
   * Ends the connection, as it misses the frame it has refused. Called once for a refusal, outside of any publish: before the
   * next frame is published, at the latest in the next tick of the event loop.
   */
  overflowed(): void;
}

/** Connection of any kind that has missed a frame. */
export type Overflowed = Pick<TopicMember, 'overflowed'>;

/**
 * Topics of a listener. WebSockets are members of uWebSockets.js's own topics; members of other kinds are kept here. In a topic
 * without the latter a publish costs one look-up more than uWebSockets.js's own.
 */
export class Topics {
  readonly #native: PublishTopic;
  readonly #members = new Map<string, Set<TopicMember>>();
  readonly #topics = new Map<TopicMember, Set<string>>();
  readonly #overflowed = new Set<Overflowed>();
  /** Members that a publish under way still has to reach. */
  #publishing: { readonly topic: string; readonly members: Set<TopicMember> } | null = null;

  /** @param native publishes to the WebSockets of a topic */
  constructor(native: PublishTopic) {
    this.#native = native;
  }

  /** Members that are no WebSockets. */
  get size(): number {
    return this.#topics.size;
  }

  /** Adds `member` to the topic. Does nothing if it has joined. */
  join(topic: string, member: TopicMember): void {
    const members = this.#members.get(topic);
    if (members?.has(member)) return;
    if (members && members !== this.#publishing?.members) members.add(member);
    else this.#members.set(topic, new Set([...(members ?? []), member])); // a publish under way goes through the set before
    const topics = this.#topics.get(member);
    if (topics) topics.add(topic);
    else this.#topics.set(member, new Set([topic]));
  }

  /** Removes `member` from the topic. Does nothing if it has not joined. */
  leave(topic: string, member: TopicMember): void {
    const topics = this.#topics.get(member);
    if (!topics?.delete(topic)) return;
    if (topics.size === 0) this.#topics.delete(member);
    const members = this.#members.get(topic);
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(topic);
    if (this.#publishing?.topic === topic) this.#publishing.members.delete(member);
  }

  /** Removes `member` from all its topics. */
  leaveAll(member: TopicMember): void {
    for (const topic of [...(this.#topics.get(member) ?? [])]) this.leave(topic, member);
  }

  /** Hands a frame to all members of a topic. Must not be called by a {@link TopicMember} that takes a frame. */
  readonly publish: PublishTopic = (topic, frame, binary) => {
    this.#endOverflowed(); // a connection that has missed a frame must not get the next one
    this.#native(topic, frame, binary);
    const members = this.#members.get(topic);
    if (!members) return;
    this.#publishing = { topic, members };
    for (const member of members) {
      if (member.take(frame)) continue;
      this.leaveAll(member);
      this.overflow(member);
    }
    this.#publishing = null;
  };

  /** Takes note of a connection that has missed a frame: it is ended before the next frame is published, or soon. */
  overflow(connection: Overflowed): void {
    // Not at once: uWebSockets.js crashes if a socket ends while it goes through the subscribers of a topic.
    if (this.#overflowed.size === 0) setImmediate(() => this.#endOverflowed());
    this.#overflowed.add(connection);
  }

  #endOverflowed(): void {
    if (this.#overflowed.size === 0) return;
    const overflowed = [...this.#overflowed];
    this.#overflowed.clear();
    for (const connection of overflowed) connection.overflowed();
  }
}
