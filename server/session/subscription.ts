import type { Codec, Encoding, Frame } from '../protocol/codec.ts';
import { CLOSES, type CloseCode, UNSUBSCRIBES } from '../protocol/codes.ts';
import type { Member } from '../room/member.ts';
import type { Room } from '../room/room.ts';
import type { SessionContext } from './context.ts';

/** The connection as its subscriptions see it. */
export interface Subscriber {
  readonly client: string;
  readonly encoding: Encoding;
  readonly codec: Codec;
  readonly gone: boolean;
  readonly identity: { readonly user: string } | null;
  readonly context: Pick<SessionContext, 'joins' | 'presence'>;
  /** By channel; one that was expelled takes itself out. */
  readonly subscriptions: { delete(channel: string): boolean };
  subscribeTopic(topic: string): void;
  unsubscribeTopic(topic: string): void;
  send(frame: Frame): void;
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
  #answered = false;
  #asking: (() => void) | null = null;
  #entered = false;
  #left = false;
  constructor(session: Subscriber, room: Room, server: boolean) {
    this.session = session;
    this.room = room;
    this.server = server;
  }

  /** Says that the subscribe has been answered. */
  answer(): void {
    this.#answered = true;
    this.#asking?.();
    this.#asking = null;
  }

  /** Resolves when the subscribe has been answered. */
  answered(): Promise<void> {
    if (this.#answered) return Promise.resolve();
    const others = this.#asking;
    return new Promise(resolve => {
      this.#asking = () => {
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
  subscribe(topic: string): void {
    this.session.subscribeTopic(topic);
  }
  unsubscribe(topic: string): void {
    this.session.unsubscribeTopic(topic);
  }
  send(frame: Frame): void {
    this.session.send(frame);
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
  alive(): boolean {
    return !this.#left && !this.session.gone;
  }

  /** Says that the connection is in the room. @param watch whether it wants to hear of those who come and go */
  entered(watch: boolean): void {
    if (this.#left) return;
    this.#entered = true;
    const { joins, presence } = this.session.context;
    presence.entered(this.room.name, this);
    if (this.server) return; // connections of one user are not told of each other
    if (watch) joins.watch(this.room.name, this); // first: SDKs expect to hear of themselves
    joins.entered(this.room.name, this, this.room.members.size);
  }

  /** Says that the room delivers to the connection. */
  arrived(): void {
    if (this.#entered && !this.#left) this.session.context.presence.arrived(this.room.name, this);
  }

  /** Takes the connection out of the room; what is on its way in stops. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.room.remove(this);
    if (!this.#entered) return;
    const { joins, presence } = this.session.context;
    presence.left(this.room.name, this);
    if (this.server) return;
    joins.unwatch(this.room.name, this);
    joins.left(this.room.name, this, this.room.members.size);
  }

  expelled(channel: string): void {
    if (!this.alive()) return;
    this.leave();
    this.session.subscriptions.delete(channel);
    // SDKs do not subscribe again to what the server subscribed: they have to connect again.
    if (this.server) this.session.end(CLOSES.insufficientState);
    else this.send(this.session.codec.push({ type: 'unsubscribe', channel, ...UNSUBSCRIBES.insufficientState }));
  }
}
