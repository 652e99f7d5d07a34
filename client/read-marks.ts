import { backoffMs } from '../server/time/backoff.ts';
import type { Clock } from '../server/time/clock.ts';
import { CallError, callErrorOf } from './call-error.ts';
import { ReadMark } from './read-mark.ts';
import { RETRY } from './retry.ts';
import { type SteadyStorage, steady } from './steady-storage.ts';
import type { KeyValue } from './storage.ts';
import type { ParamsOf } from './verbs.ts';

export interface ReadMarksOptions {
  readonly storage: KeyValue;
  readonly user: string;
  readonly clock: Pick<Clock, 'after'>;
  /** Random number from 0 up to, not including, 1. */
  readonly random: () => number;
  /** Calls `receipt.mark`. @throws {CallError} */
  readonly mark: (params: ParamsOf<'receipt.mark'>) => Promise<unknown>;
  readonly follower: MarkFollower;
}

/** Part of the client that depends on marks. */
export interface MarkFollower {
  /** Called when the user has read a room here, further than the server knows. */
  read(room: string): void;
  /** Called when the server has the mark of a room. */
  settled(room: string): void;
  /** Called when a device of the user, perhaps this one, has moved a mark. */
  marked(room: string): void;
}

type Marks = { readonly room: string; readonly read: number }[];

/** Marks of one call, a limit of the server. */
const MOST_MARKS = 100;

/**
 * Read marks of a user: here, and on their way to the server. What the server has not answered yet is in storage, so that it outlives the
 * page, and time without a connection. Marks only rise, so tabs and devices may send theirs in any order.
 */
export class ReadMarks {
  readonly #options: ReadMarksOptions;
  readonly #storage: SteadyStorage;
  readonly #prefix: string;
  readonly #marks = new Map<string, ReadMark>();
  /** Highest offset of each room that the server has answered, or refused for good. */
  readonly #settled = new Map<string, number>();
  /** Rooms that were read here, and whose marks the server may lack. */
  readonly #moved = new Set<string>();
  #online = false;
  #sending = false;
  #attempts = 0;
  #cancelRetry: (() => void) | null = null;
  /** Marks of the next call: one by one after the server refused some for one of them. */
  #most = MOST_MARKS;

  constructor(options: ReadMarksOptions) {
    this.#options = options;
    this.#storage = steady(options.storage);
    this.#prefix = `chatcluster/unsent-read/${encodeURIComponent(options.user)}/`;
  }

  /** Mark of a room. */
  of(room: string): ReadMark {
    const known = this.#marks.get(room);
    if (known) return known;
    const mark = new ReadMark(this.#storage, this.#options.user, room, offset => this.#read(room, offset));
    this.#marks.set(room, mark);
    return mark;
  }

  /** Takes an event of the user's connection. @returns room whose mark another device has moved; null if none did */
  heard(data: unknown): string | null {
    const { type, room, read } = (data ?? {}) as {
      readonly type?: unknown;
      readonly room?: unknown;
      readonly read?: unknown;
    };
    if (type !== 'mark' || typeof room !== 'string' || !Number.isSafeInteger(read)) return null;
    this.#settle(room, Number(read));
    this.#options.follower.marked(room);
    return this.of(room).advance(Number(read)) ? room : null;
  }

  /** Takes a change of the connection. Once online, everything is sent at once. */
  setOnline(online: boolean): void {
    this.#online = online;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#attempts = 0;
    this.#wake();
  }

  /** @param offset of the last message that was read */
  #read(room: string, offset: number): void {
    if (offset <= Math.max(this.#settled.get(room) ?? 0, this.#unsent(room))) return;
    this.#storage.set(this.#prefix + room, String(offset));
    this.#moved.add(room);
    this.#options.follower.read(room);
    this.#wake();
  }

  #wake(): void {
    if (this.#online && !this.#sending && !this.#cancelRetry) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    try {
      for (let marks = this.#next(); marks.length > 0 && (await this.#send(marks)); marks = this.#next());
    } finally {
      this.#sending = false; // in the tick in which nothing was left: what is read after it is sent again
    }
  }

  /** Marks of the next call; none while there is no connection. */
  #next(): Marks {
    const marks = this.#online ? this.#waiting() : [];
    // Another tab may have sent some.
    if (this.#online) for (const room of this.#moved) if (this.#unsent(room) === 0) this.#told(room);
    if (marks.length === 0) this.#most = MOST_MARKS;
    return marks.slice(0, this.#most);
  }

  /** @returns true if more may be sent at once */
  async #send(marks: Marks): Promise<boolean> {
    const answer = await this.#options.mark({ marks }).catch(callErrorOf);
    if (answer instanceof CallError && answer.temporary) {
      this.#retryLater();
      return false;
    }
    this.#attempts = 0;
    if (answer instanceof CallError && marks.length > 1) this.#most = 1;
    else for (const { room, read } of marks) this.#settle(room, read);
    return true;
  }

  /** Marks that the server has not answered, without those that another tab has sent. */
  #waiting(): Marks {
    return this.#storage
      .keys(this.#prefix)
      .map(key => key.slice(this.#prefix.length))
      .map(room => ({ room, read: this.#unsent(room) }))
      .filter(({ read }) => read > 0);
  }

  /** Forgets what is not above an offset that the server has, or does not want. */
  #settle(room: string, offset: number): void {
    this.#settled.set(room, Math.max(offset, this.#settled.get(room) ?? 0));
    if (this.#unsent(room) > offset) return;
    this.#storage.remove(this.#prefix + room);
    this.#told(room);
  }

  /** Notes that the server has a mark that was made here. */
  #told(room: string): void {
    if (this.#moved.delete(room)) this.#options.follower.settled(room);
  }

  /** Offset that waits in storage, of this tab or another one; 0 for none. */
  #unsent(room: string): number {
    const saved = Number(this.#storage.get(this.#prefix + room) ?? 0);
    return Number.isSafeInteger(saved) && saved > 0 ? saved : 0;
  }

  #retryLater(): void {
    if (!this.#online) return; // once online it is sent without a delay
    this.#attempts += 1;
    this.#cancelRetry = this.#options.clock.after(backoffMs(RETRY, this.#attempts, this.#options.random()), () => {
      this.#cancelRetry = null;
      this.#wake();
    });
  }
}
