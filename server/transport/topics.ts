import type { Frame } from '../protocol/codec.ts';
import type { PublishTopic } from '../room/fan-out.ts';

/**
 * A connection that takes part in topics without being a WebSocket of uWebSockets.js, which has topics of its own. An
 * implementation may rely on this:
 * - It is handed the frames of a topic that are published after {@link Topics.join} returned and before {@link Topics.leave} is
 *   called, each once, in the order in which they are published; frames of all its topics in one order. WebSockets of the topic
 *   get the same frames in the same order.
 * - Leaving takes effect at once, also while a frame is being published: a member that was not reached yet does not get it. A
 *   member that joins meanwhile gets the next frame first.
 * - After it has refused a frame it is handed no other one, of no topic: a reader is ended, never left with a gap.
 */
export interface TopicMember {
  /**
   * Takes a frame, in the encoding of the topic. Must return at once, must neither throw nor publish; may join and leave.
   * @returns false if the frame cannot be queued for the reader
   */
  take(frame: Frame): boolean;
  /**
   * Ends the connection, as it misses the frame it has refused. Called once for each refusal, outside of any publish: before the
   * next frame is published, or before the event loop waits again.
   */
  overflowed(): void;
}

/** A connection of any kind that has missed a frame. */
export type Overflowed = Pick<TopicMember, 'overflowed'>;

/**
 * Topics of a listener. WebSockets are members of uWebSockets.js's own topics; members of other kinds are kept here. Where a
 * topic has none of these, a publish costs nothing besides uWebSockets.js's own.
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

  /** Makes `member` one of the topic; nothing if it is. */
  join(topic: string, member: TopicMember): void {
    const members = this.#members.get(topic);
    if (members?.has(member)) return;
    if (members && members !== this.#publishing?.members) members.add(member);
    else this.#members.set(topic, new Set([...(members ?? []), member])); // a publish under way goes through the set before
    const topics = this.#topics.get(member);
    if (topics) topics.add(topic);
    else this.#topics.set(member, new Set([topic]));
  }

  /** Takes `member` out of the topic; nothing if it is no member. */
  leave(topic: string, member: TopicMember): void {
    const topics = this.#topics.get(member);
    if (!topics?.delete(topic)) return;
    if (topics.size === 0) this.#topics.delete(member);
    const members = this.#members.get(topic);
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(topic);
    if (this.#publishing?.topic === topic) this.#publishing.members.delete(member);
  }

  /** Takes `member` out of all its topics. */
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

  /** Notes a connection that has missed a frame: it is ended before the next is published, or soon. */
  overflow(connection: Overflowed): void {
    // Not at once: uWebSockets.js crashes when a socket ends while it goes through the subscribers of a topic.
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
