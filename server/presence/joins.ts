import type { ClientInfo, Codec, Encoding, Frame } from '../protocol/codec.ts';
import type { Member } from '../room/member.ts';
import type { PresentMember, RoomPresence } from './presence.ts';

/** Announcements between the gateways, of one room. Ephemeral: without offset, and without order against messages. */
export interface JoinsBus {
  announce(room: string, event: JoinEvent): void;
  hear(room: string, heard: (event: JoinEvent) => void): { stop(): void };
}

export interface JoinEvent extends PresentMember {
  readonly type: 'join' | 'leave';
}

export interface JoinsOptions {
  readonly gateway: string;
  readonly bus: JoinsBus;
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  /** Who is in a room now. */
  readonly members: (room: string) => Promise<RoomPresence>;
  /** Connections of a room above which nothing is said: each of N who come would be told to N. */
  readonly limit: () => number;
}

interface Watched {
  readonly watchers: Set<Member>;
  /** Who is known to be in the room, and where, so that the leaves of a gateway that died can be told. */
  readonly members: Map<string, PresentMember>;
  readonly hearing: { stop(): void };
}

/** Tells those who asked for it who comes into their rooms and who leaves. */
export class Joins {
  readonly #options: JoinsOptions;
  readonly #rooms = new Map<string, Watched>();
  constructor(options: JoinsOptions) {
    this.#options = options;
  }

  /** @param size connections of the room on this gateway */
  entered(room: string, info: ClientInfo, size: number): void {
    this.#announce(room, 'join', info, size);
  }

  left(room: string, info: ClientInfo, size: number): void {
    this.#announce(room, 'leave', info, size);
  }

  watch(room: string, member: Member): void {
    const watched = this.#rooms.get(room) ?? this.#start(room);
    watched.watchers.add(member);
  }

  unwatch(room: string, member: Member): void {
    const watched = this.#rooms.get(room);
    if (!watched?.watchers.delete(member) || watched.watchers.size > 0) return;
    watched.hearing.stop();
    this.#rooms.delete(room);
  }

  /** A gateway died without a word: its members are gone. */
  gatewayGone(gateway: string): void {
    for (const [room, watched] of this.#rooms)
      for (const member of [...watched.members.values()])
        if (member.gateway === gateway) this.#heard(room, watched, { ...member, type: 'leave' });
  }

  #announce(room: string, type: JoinEvent['type'], { client, user }: ClientInfo, size: number): void {
    if (size <= this.#options.limit())
      this.#options.bus.announce(room, { type, client, user, gateway: this.#options.gateway });
  }

  #start(room: string): Watched {
    const watched: Watched = {
      watchers: new Set(),
      members: new Map(),
      hearing: this.#options.bus.hear(room, event => this.#heard(room, watched, event)),
    };
    this.#rooms.set(room, watched);
    void this.#options.members(room).then(({ members }) => {
      for (const [client, member] of members) if (!watched.members.has(client)) watched.members.set(client, member);
    });
    return watched;
  }

  #heard(room: string, watched: Watched, event: JoinEvent): void {
    const { type, client, user, gateway } = event;
    if (type === 'leave') watched.members.delete(client);
    else if (watched.members.has(client)) return;
    else watched.members.set(client, { client, user, gateway });
    if (watched.members.size > this.#options.limit()) return;
    const frames: Partial<Record<Encoding, Frame>> = {};
    for (const watcher of watched.watchers) {
      const { encoding } = watcher;
      frames[encoding] ??= this.#options.codecs[encoding].push({ type, channel: room, info: { client, user } });
      watcher.send(frames[encoding]);
    }
  }
}
