import type { Codec, Encoding, Frame, SubscribeResult } from '../protocol/codec.ts';
import { CLOSES, type CloseCode, UNSUBSCRIBES } from '../protocol/codes.ts';
import { type JoinFrom, join } from '../room/join.ts';
import type { Member } from '../room/member.ts';
import type { Room } from '../room/room.ts';
import type { SessionContext } from './context.ts';

/** The connection as its subscriptions see it. */
export interface Subscriber {
  readonly client: string;
  readonly encoding: Encoding;
  readonly codec: Codec;
  readonly gone: boolean;
  readonly isBackground: boolean;
  readonly identity: { readonly user: string } | null;
  readonly context: Pick<SessionContext, 'config' | 'join' | 'joins' | 'presence'>;
  /** Subscriptions by room; one that is expelled removes itself. */
  readonly subscriptions: { delete(channel: string): boolean; values(): Iterable<Subscription> };
  subscribeTopic(topic: string): void;
  unsubscribeTopic(topic: string): void;
  send(frame: Frame): void;
  /** Bytes that wait for the client to read, or for a command to be run. */
  pending(): number;
  congested(): boolean;
  writable(): Promise<void>;
  recoverInSlot<T>(read: () => Promise<T>): Promise<T>;
  end(close: CloseCode): void;
}

/** A connection in one room. */
export class Subscription implements Member {
  readonly session: Subscriber;
  readonly room: Room;
  /** True for the inbox, which the server subscribes. */
  readonly server: boolean;
  #isAnswered = false;
  /** Resolves the promises of {@link answered}; null if there are none. */
  #resume: (() => void) | null = null;
  #isAnnounced = false;
  #left = false;
  constructor(session: Subscriber, room: Room, server: boolean) {
    this.session = session;
    this.room = room;
    this.server = server;
  }

  /**
   * Enters the room, see {@link join}: `reply` first, then presence and joins, then what comes after the reply.
   * @param from null starts at the room's top
   * @param reply answers the subscribe; called at most once
   * @returns resolves once the room delivers to the connection, or it is gone; rejects as {@link join} does
   */
  async enter(
    from: JoinFrom | null,
    { joinLeave, reply }: { readonly joinLeave: boolean; readonly reply: (result: SubscribeResult) => void },
  ): Promise<void> {
    const { context, codec } = this.session;
    await join(this.room, this, codec, from, context.join, result => {
      reply(result);
      this.#answer();
      this.#announce(joinLeave);
    });
    if (this.#isAnnounced && !this.#left) context.presence.arrived(this.room.name, this);
  }

  /** Resolves once the subscribe is answered, or the connection has left the room. */
  answered(): Promise<void> {
    if (this.#isAnswered) return Promise.resolve();
    const others = this.#resume;
    return new Promise(resolve => {
      this.#resume = () => {
        others?.();
        resolve();
      };
    });
  }

  get encoding(): Encoding {
    return this.session.encoding;
  }
  get client(): string {
    return this.session.client;
  }
  get user(): string {
    return this.session.identity?.user ?? '';
  }
  get isBackground(): boolean {
    return this.session.isBackground;
  }
  subscribe(topic: string): void {
    this.session.subscribeTopic(topic);
  }
  unsubscribe(topic: string): void {
    this.session.unsubscribeTopic(topic);
  }
  send(frame: Frame): void {
    this.session.send(frame);
  }
  offer(frame: Frame): boolean {
    if (!this.alive() || this.session.pending() > this.session.context.config.sendBufferBytes / 2) return false;
    this.session.send(frame);
    return true;
  }
  congested(): boolean {
    return this.session.congested();
  }
  writable(): Promise<void> {
    return this.session.writable();
  }
  inSlot<T>(read: () => Promise<T>): Promise<T> {
    return this.session.recoverInSlot(read);
  }
  shown(isShown: boolean): void {
    for (const subscription of this.session.subscriptions.values()) subscription.#show(isShown);
  }
  alive(): boolean {
    return !this.#left && !this.session.gone;
  }

  /** Takes the connection out of the room; an {@link enter} under way stops. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.room.remove(this);
    this.#answer();
    if (!this.#isAnnounced) return;
    const { joins, presence } = this.session.context;
    const wasShown = presence.left(this.room.name, this);
    if (this.server) return;
    joins.unwatch(this.room.name, this);
    if (wasShown) joins.left(this.room.name, this, this.room.members.size);
  }

  expelled(channel: string): void {
    if (!this.alive()) return;
    // SDKs do not subscribe again to what the server subscribed: they have to connect again.
    if (!this.server) return this.#unsubscribe(channel, UNSUBSCRIBES.insufficientState);
    this.#forget(channel);
    this.session.end(CLOSES.insufficientState);
  }

  removed(channel: string): void {
    if (this.alive()) this.#unsubscribe(channel, UNSUBSCRIBES.removed);
  }

  #unsubscribe(channel: string, code: CloseCode): void {
    this.#forget(channel);
    this.send(this.session.codec.push({ type: 'unsubscribe', channel, ...code }));
  }

  #forget(channel: string): void {
    this.leave();
    this.session.subscriptions.delete(channel);
  }

  #answer(): void {
    this.#isAnswered = true;
    this.#resume?.();
    this.#resume = null;
  }

  /** Reports the connection to presence, and to the room's members that asked for joins. @param joinLeave true if it asks */
  #announce(joinLeave: boolean): void {
    if (this.#left) return;
    this.#isAnnounced = true;
    const { joins, presence } = this.session.context;
    presence.entered(this.room.name, this);
    if (this.server) return; // joins of an inbox are connections of one user
    if (joinLeave) joins.watch(this.room.name, this); // first: SDKs expect the join of their own connection
    if (!presence.invisible.has(this.user)) joins.entered(this.room.name, this, this.room.members.size);
  }

  /** Shows the connection in the room from now on, or not any more. */
  #show(isShown: boolean): void {
    if (!this.#isAnnounced || this.#left || this.server) return;
    const { joins, presence } = this.session.context;
    const { name, members } = this.room;
    presence.shown(name, this, isShown);
    if (isShown) joins.entered(name, this, members.size);
    else joins.left(name, this, members.size);
  }
}
