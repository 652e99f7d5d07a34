import type { Identity } from '../access/token.ts';
import { type Call, CallAbandoned, type Holds } from '../chat/verb.ts';
import type { Reply } from '../protocol/codec.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Clock } from '../time/clock.ts';
import { inTime } from './in-time.ts';

/** Bytes of calls of one connection that may wait. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** The connection that calls. */
export interface Caller {
  readonly identity: Identity | null;
  readonly client: string;
  readonly gone: boolean;
  /** True while the client is in the background. */
  isBackground: boolean;
  readonly context: { readonly after: Clock['after'] };
  reply(id: number, reply: Reply): void;
  failed(id: number, error: unknown): void;
}

/** Place of a call among those of its connection. */
export interface CallPlace {
  /** Room that the call is about; null for none. It begins after the calls before it that hold the same room. */
  readonly room: string | null;
  /** Calls and commands that wait until this one is placed. */
  readonly holds: Holds;
  /** Bytes that the call takes while it waits. */
  readonly bytes: number;
}

type Run = (call: Call) => Promise<Reply>;

/**
 * Calls of one connection on their way: begun in the order they came, each answered in time, see {@link inTime}. Most are
 * placed at once and hold nothing up.
 */
export class Calls {
  readonly #caller: Caller;
  /** End of the last wait in a room, by room. A room without an entry is free. */
  readonly #lanes = new Map<string, Promise<void>>();
  #bytes = 0;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.#bytes;
  }

  /**
   * Begins a call: at once, or when the calls before it that hold its room are placed. A call whose connection is gone, or
   * that was answered as too late, is not begun: what is left of a connection comes again on the next one, in order.
   * @param run begins the work before it returns, and resolves to the answer
   * @returns a promise that never rejects, if the commands behind it have to wait
   * @throws {CommandError} 111 when too much waits already
   */
  begin(id: number, { room, holds, bytes }: CallPlace, run: Run): Promise<void> | undefined {
    const call = new SessionCall(this.#caller);
    const before = room === null ? undefined : this.#lanes.get(room);
    const answer = before ? before.then(() => call.run(run)) : call.run(run);
    const lane = call.isPlaced || holds === 'connection' ? null : room;
    if (lane !== null && this.#bytes + bytes > MOST_WAITING_BYTES) {
      call.abandon();
      answer.catch(() => undefined); // refused below
      throw new CommandError(
        ERRORS.tooManyRequests,
        `at most ${MOST_WAITING_BYTES} bytes of messages may wait while old ids are looked up`,
      );
    }
    this.#answer(id, call, answer);
    if (call.isPlaced) return undefined;
    if (lane === null) return call.whenPlaced();
    this.#hold(lane, bytes, call.whenPlaced());
    return undefined;
  }

  #answer(id: number, call: SessionCall, answer: Promise<Reply>): void {
    const caller = this.#caller;
    inTime(answer, caller.context.after).then(
      reply => caller.reply(id, reply),
      error => {
        call.abandon();
        if (!(error instanceof CallAbandoned)) caller.failed(id, error);
      },
    );
  }

  #hold(room: string, bytes: number, placed: Promise<void>): void {
    this.#bytes += bytes;
    const end = placed.then(() => {
      this.#bytes -= bytes;
      if (this.#lanes.get(room) === end) this.#lanes.delete(room);
    });
    this.#lanes.set(room, end);
  }
}

class SessionCall implements Call {
  readonly client: string;
  readonly identity: Identity;
  readonly #caller: Caller;
  #isAbandoned = false;
  #isPlaced = false;
  #placed: PromiseWithResolvers<void> | null = null;

  /** @throws {CommandError} 101 for a connection that is not signed in */
  constructor(caller: Caller) {
    if (!caller.identity) throw new CommandError(ERRORS.unauthorized);
    this.#caller = caller;
    this.client = caller.client;
    this.identity = caller.identity;
  }

  /** True once it is placed, or has ended. */
  get isPlaced(): boolean {
    return this.#isPlaced;
  }

  async run(run: Run): Promise<Reply> {
    try {
      this.#check();
      return await run(this);
    } finally {
      this.#end();
    }
  }

  placed(): void {
    this.#check();
    this.#end();
  }

  setBackground(isBackground: boolean): void {
    this.#caller.isBackground = isBackground;
  }

  /** Resolves once it is placed, or has ended. */
  whenPlaced(): Promise<void> {
    if (this.#isPlaced) return Promise.resolve();
    this.#placed ??= Promise.withResolvers<void>();
    return this.#placed.promise;
  }

  /** Lets it write nothing from now on. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  #check(): void {
    if (this.#isAbandoned || this.#caller.gone) throw new CallAbandoned();
  }

  #end(): void {
    this.#isPlaced = true;
    this.#placed?.resolve();
  }
}
