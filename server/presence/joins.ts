import type { ClientInfo, Codec, Encoding, Frame } from '../protocol/codec.ts';
import type { Member } from '../room/member.ts';
import type { Clock, Moment } from '../time/clock.ts';
import type { Asked, JoinsBus } from './bus.ts';
import type { PresentMember } from './gather.ts';
import type { RoomPresence } from './room-presence.ts';
import { type Coming, Watched } from './watched.ts';
import { type JoinEvent, readJoin } from './wire.ts';

export interface JoinsOptions {
  readonly gateway: string;
  readonly bus: JoinsBus;
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  /** Members of a room now, listed up to `most` connections. */
  readonly members: (room: string, most: number) => Promise<RoomPresence>;
  /** Called when a member joined or left: cached answers about the room are outdated. */
  readonly changed: (room: string) => void;
  /** Connections of a room above which joins and leaves are not sent: each of N joins would go to N clients. */
  readonly limit: () => number;
  /** True if an announcement is to be left out, because the gateway is overloaded: comparisons find it later. */
  readonly drops: () => boolean;
  readonly now: () => Moment;
  readonly after: Clock['after'];
}

/** Room with watchers on this gateway. */
interface Entry {
  readonly watchers: Set<Member>;
  readonly watched: Watched;
  readonly hearing: Asked;
  /** Time of the next comparison. */
  due: number;
  comparing: boolean;
}

/** Time in which rooms with a first watcher are collected: after a drain they share one question. */
const COLLECT_MS = 50;
/**
 * Time to the second comparison. Until the subscription has reached all servers of a NATS cluster, announcements of some gateways
 * do not come.
 */
const SECOND_MS = 1_000;
/** Time between comparisons, which find lost announcements. */
const COMPARE_MS = 60_000;
/** The same for a room above the limit, and after an answer that was not conclusive. */
const COMPARE_SOON_MS = 5_000;

/** Pushes joins and leaves of rooms to the clients that watch them. */
export class Joins {
  readonly #options: JoinsOptions;
  readonly #rooms = new Map<string, Entry>();
  #started: string[] = [];
  constructor(options: JoinsOptions) {
    this.#options = options;
  }

  /** Announces a join. @param size connections of the room on this gateway */
  entered(room: string, info: ClientInfo, size: number): void {
    this.#announce(room, 'join', info, size);
  }

  /** Announces a leave. @param size connections of the room on this gateway */
  left(room: string, info: ClientInfo, size: number): void {
    this.#announce(room, 'leave', info, size);
  }

  /** Pushes joins and leaves of the room to a member from now on. */
  watch(room: string, member: Member): void {
    const entry = this.#rooms.get(room) ?? this.#start(room);
    entry.watchers.add(member);
  }

  /** Ends that. */
  unwatch(room: string, member: Member): void {
    const entry = this.#rooms.get(room);
    if (!entry?.watchers.delete(member) || entry.watchers.size > 0) return;
    entry.hearing.stop();
    this.#rooms.delete(room);
  }

  /** Takes note of a presence answer to a client here, which expects the leaves of these members. */
  seen(room: string, members: ReadonlyMap<string, PresentMember>): void {
    this.#rooms.get(room)?.watched.seen(members.values());
  }

  /** Pushes leaves for all members of a gateway that died. */
  gatewayGone(gateway: string): void {
    for (const [room, entry] of this.#rooms) this.#push(room, entry, entry.watched.gone(gateway));
  }

  /** Compares all rooms: announcements may have been lost. */
  resumed(): void {
    for (const entry of this.#rooms.values()) entry.due = 0;
    this.tick();
  }

  /** Compares the rooms that are due. Call every few seconds. */
  tick(): void {
    const now = this.#options.now();
    for (const [room, entry] of this.#rooms) if (entry.due <= now) void this.#compare(room, entry);
  }

  #announce(room: string, type: JoinEvent['type'], { client, user }: ClientInfo, size: number): void {
    if (size > this.#options.limit() || this.#options.drops()) return;
    const event: JoinEvent = { type, client, user, gateway: this.#options.gateway };
    this.#options.bus.announce(room, JSON.stringify(event));
  }

  #start(room: string): Entry {
    const entry: Entry = {
      watchers: new Set(),
      watched: new Watched(this.#options.limit),
      hearing: this.#options.bus.hear(room, text => {
        const event = readJoin(text);
        if (!event) return;
        this.#options.changed(room);
        const now = this.#options.now();
        this.#push(room, entry, entry.watched.heard(event, now));
        if (entry.watched.silent && !entry.comparing) entry.due = Math.min(entry.due, now + COMPARE_SOON_MS);
      }),
      due: Number.POSITIVE_INFINITY,
      comparing: false,
    };
    this.#rooms.set(room, entry);
    if (this.#started.push(room) === 1) this.#options.after(COLLECT_MS, () => this.#compareStarted());
    return entry;
  }

  #compareStarted(): void {
    const started = this.#started;
    this.#started = [];
    for (const room of started) {
      const entry = this.#rooms.get(room);
      if (entry?.due !== Number.POSITIVE_INFINITY) continue;
      void this.#compare(room, entry, SECOND_MS);
    }
  }

  /** Compares a room with the answers of all gateways. @param next ms to the next comparison if this one is conclusive */
  async #compare(room: string, entry: Entry, next = COMPARE_MS): Promise<void> {
    if (entry.comparing) return;
    const { members, limit, now } = this.#options;
    entry.comparing = true;
    entry.due = Number.POSITIVE_INFINITY;
    entry.watched.asking(now());
    const found = await members(room, limit());
    const overtaken = entry.due === 0; // events were lost meanwhile, perhaps after the answer
    entry.comparing = false;
    if (this.#rooms.get(room) !== entry) return;
    this.#push(room, entry, entry.watched.compare(found));
    if (!overtaken) entry.due = now() + (entry.watched.unsure ? Math.min(next, COMPARE_SOON_MS) : next);
  }

  #push(room: string, entry: Entry, news: readonly Coming[]): void {
    for (const { type, client, user } of news) {
      const frames: Partial<Record<Encoding, Frame>> = {};
      for (const watcher of entry.watchers) {
        const { encoding } = watcher;
        frames[encoding] ??= this.#options.codecs[encoding].push({ type, channel: room, info: { client, user } });
        watcher.send(frames[encoding]);
      }
    }
  }
}
