import type { Identity } from '../access/token.ts';
import { answerTo } from '../chat/answer-to.ts';
import type { User } from '../chat/users.ts';
import type { Call } from '../chat/verb.ts';
import { BadFrame, type Codec, type Command, type Encoding, type Frame, type Reply } from '../protocol/codec.ts';
import { CLOSES, type CloseCode, ERRORS, type ErrorCode } from '../protocol/codes.ts';
import type { Answered } from '../protocol/command.ts';
import type { Moment } from '../time/clock.ts';
import { burstOf, Rate } from '../time/rate.ts';
import type { Socket, SocketHandler } from '../transport/websocket/socket.ts';
import { Calls, type Place } from './calls.ts';
import type { SessionContext } from './context.ts';
import { judge, mostCommandBytes } from './frame-limits.ts';
import type { Slice } from './heartbeat.ts';
import { Reads } from './reads.ts';
import type { SessionHooks } from './session-hooks.ts';
import { Slots } from './slots.ts';
import type { Subscription } from './subscription.ts';

/** `refused`: connect was answered with an error; nothing is served any more. */
type State = 'new' | 'connecting' | 'connected' | 'refused' | 'closed';

interface Queued {
  readonly command: Answered;
  /** Its share of the frame it came in. */
  readonly bytes: number;
}

/** Shares of the send buffer that may wait in the process, and be unread, before nobody who can wait adds to it. */
const CONGESTED = 1 / 16;
const UNREAD = 1 / 8;
/** Bytes of frames that may wait behind a command. */
const MOST_QUEUED_BYTES = 4 * 1024 * 1024;

/**
 * One client connection. Commands are handled in the order they came: one that has to wait before it is under way (a token
 * check) holds up those behind it. A look-up holds up the messages to its room alone. Answers may overtake each other.
 */
export class Session implements SocketHandler {
  readonly client = crypto.randomUUID();
  readonly subscriptions = new Map<string, Subscription>();
  readonly openedAt: Moment;
  readonly context: SessionContext;
  readonly codec: Codec;
  identity: Identity | null = null;
  /** User it counts for; null before the token was checked. */
  user: User | null = null;
  /** Heartbeat slice, null before connect. */
  slice: Slice | null = null;
  /** When it last answered a ping, or joined its slice. */
  heardAt: Moment;
  state: State = 'new';
  readonly #socket: Socket;
  readonly #rate: Rate;
  readonly #hooks: SessionHooks<Session>;
  #queue: Queued[] | null = null;
  #queuedBytes = 0;
  #reads: Reads | null = null;
  /** Pages of missed messages being read; null until the first. */
  #recoveries: Slots | null = null;
  /** Calls under way; null until the first. */
  #calls: Calls | null = null;
  #writable: (() => void)[] | null = null;

  constructor(socket: Socket, context: SessionContext, hooks: SessionHooks<Session>) {
    this.#socket = socket;
    this.context = context;
    this.codec = context.codecs[socket.encoding];
    this.openedAt = context.now();
    this.heardAt = this.openedAt;
    this.#rate = new Rate(burstOf(context.config), this.openedAt);
    this.#hooks = hooks;
  }

  get encoding(): Encoding {
    return this.codec.encoding;
  }
  get gone(): boolean {
    return this.state === 'closed';
  }

  message(frame: Uint8Array): void {
    this.context.metrics.received(frame.byteLength);
    let commands: Command[];
    try {
      commands = this.codec.decode(frame);
    } catch (error) {
      if (error instanceof BadFrame) return this.end(CLOSES.badRequest);
      this.context.logger.error({ err: error }, 'a frame could not be decoded');
      return this.end(CLOSES.internal);
    }
    if (frame.byteLength > mostCommandBytes(this.context.config)) return this.#acceptLarge(frame, commands);
    for (const command of commands) this.#accept(command, frame.byteLength / commands.length);
  }

  #acceptLarge(frame: Uint8Array, commands: readonly Command[]): void {
    const judged = judge(this.context.config, frame.byteLength, this.codec.sizes(frame));
    for (const [index, command] of commands.entries()) {
      const { bytes = 0, refusal = null } = judged[index] ?? {};
      if (refusal && command.method === 'connect') this.end(CLOSES.tooLarge);
      else if (!refusal || !('id' in command) || this.state === 'new') this.#accept(command, bytes);
      else this.fail(command.id, refusal.error, refusal.detail);
    }
  }

  flushed(): void {
    if (!this.#writable || this.congested()) return;
    const waiting = this.#writable;
    this.#writable = null;
    for (const resume of waiting) resume();
  }

  overflowed(): void {
    this.end(CLOSES.slow);
  }

  closed(): void {
    this.state = 'closed';
    for (const subscription of this.subscriptions.values()) subscription.leave();
    this.subscriptions.clear();
    if (this.user) this.context.chat.limits.leave(this.user);
    this.#queue = null;
    for (const resume of this.#writable ?? []) resume();
    this.#writable = null;
    this.#hooks.closed(this);
  }

  send(frame: Frame): void {
    this.#socket.send(frame);
  }

  reply(id: number, reply: Reply): void {
    if (this.gone) return;
    this.context.meter.answered(false);
    this.send(this.codec.reply(id, reply));
  }

  fail(id: number, error: ErrorCode, detail?: string): void {
    if (this.gone) return;
    this.context.metrics.errors.inc({ code: String(error.code) });
    this.context.meter.answered(error.temporary === true);
    this.send(this.codec.error(id, error, detail));
  }

  /** Lets `work` go on beside the commands that follow; its failure becomes the answer. */
  background(id: number, work: Promise<void>): undefined {
    work.catch(error => this.failed(id, error));
    return undefined;
  }

  /**
   * Reads a page and sends it, see {@link Reads}.
   * @throws {CommandError} when too many wait already
   */
  inTurn(id: number, read: () => Promise<Reply>): void {
    this.#reads ??= new Reads(this);
    this.#reads.add(id, read);
  }

  /**
   * Begins a call, see {@link Calls.begin}.
   * @returns a promise only if the commands behind it have to wait
   * @throws {CommandError} when too much waits already
   */
  call(id: number, place: Place, run: (call: Call) => Promise<Reply>): Promise<void> | undefined {
    this.#calls ??= new Calls(this);
    return this.#calls.begin(id, place, run);
  }

  /** Reads a page of missed messages: few at a time for one connection, and for the gateway. */
  recoverInSlot<T>(read: () => Promise<T>): Promise<T> {
    this.#recoveries ??= new Slots(() => this.context.config.recoveriesPerConnection);
    return this.#recoveries.run(() => this.context.pages.run(read));
  }

  end(close: CloseCode): void {
    if (this.gone) return;
    this.#hooks.ended(close);
    this.#socket.end(close);
  }

  /** Ends the connection without a word, to have at once what it holds. SDKs connect again and recover. */
  cut(): void {
    if (this.gone) return;
    this.#hooks.ended(CLOSES.slow);
    this.#socket.cut();
  }

  subscribeTopic(topic: string): void {
    this.#socket.subscribe(topic);
  }

  unsubscribeTopic(topic: string): void {
    this.#socket.unsubscribe(topic);
  }

  /** Bytes of memory, here and in the kernel, that wait for the client or for its turn. */
  pending(): number {
    const waiting = this.#queuedBytes + (this.#calls?.waiting ?? 0) + (this.#reads?.bytes ?? 0);
    return Math.max(this.#socket.buffered(), this.#socket.unread()) + waiting;
  }

  /** True while so much waits for the reader that more should not be sent for now. */
  congested(): boolean {
    const { sendBufferBytes } = this.context.config;
    return this.#socket.unread() > sendBufferBytes * UNREAD || this.#socket.buffered() > sendBufferBytes * CONGESTED;
  }

  /** Resolves when it may no longer be {@link congested}, or the connection is gone. */
  writable(): Promise<void> {
    if (this.gone || !this.congested()) return Promise.resolve();
    this.#writable ??= [];
    const waiting = this.#writable;
    return new Promise(resolve => waiting.push(resolve));
  }

  #accept(command: Command, bytes: number): void {
    if (this.gone || this.state === 'refused') return;
    if (command.method === 'pong') return this.#hooks.pong(this);
    if (command.method === 'send') return this.end(CLOSES.notAvailable);
    if ((this.state === 'new') !== (command.method === 'connect')) return this.end(CLOSES.badRequest);
    if (command.method === 'connect') this.state = 'connecting';
    else if (!this.#takeRate()) {
      const { config } = this.context;
      const limit = `at most ${config.commandsPerSecond} commands a second, ${burstOf(config)} at once`;
      return this.fail(command.id, ERRORS.tooManyRequests, limit);
    }
    if (this.#queue) {
      this.#queue.push({ command, bytes });
      this.#queuedBytes += bytes;
      if (this.#queuedBytes > MOST_QUEUED_BYTES) this.end(CLOSES.tooManyRequests);
      return;
    }
    const wait = this.#run(command);
    if (wait) void this.#drain(wait);
  }

  #takeRate(): boolean {
    const { now, config } = this.context;
    return this.#rate.take(now(), config.commandsPerSecond, burstOf(config));
  }

  /** Holds up what comes until `wait` is over, then works it off in order. */
  async #drain(wait: Promise<void>): Promise<void> {
    const queue: Queued[] = [];
    this.#queue = queue;
    await wait;
    for (let next = queue.shift(); next && !this.gone; next = queue.shift()) {
      this.#queuedBytes -= next.bytes;
      await this.#run(next.command);
    }
    if (this.#queue === queue) this.#queue = null;
    this.#queuedBytes = 0;
  }

  /** @returns a promise that never rejects, if the command has to wait */
  #run(command: Answered): Promise<void> | undefined {
    if (this.state === 'refused') return undefined;
    try {
      return this.#hooks.handle(this, command)?.catch(error => this.failed(command.id, error));
    } catch (error) {
      this.failed(command.id, error);
      return undefined;
    }
  }

  /** Answers a command that threw. */
  failed(id: number, error: unknown): void {
    const answer = answerTo(error);
    if (answer.unexpected) this.context.logger.error({ err: error }, 'a command failed unexpectedly');
    else this.context.logger.debug({ reason: String(error), code: answer.error.code }, 'a command failed');
    this.fail(id, answer.error, answer.detail);
  }
}
