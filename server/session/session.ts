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
import { type CallPlace, Calls } from './calls.ts';
import { CommandQueue } from './command-queue.ts';
import type { SessionContext } from './context.ts';
import { judge, mostCommandBytes } from './frame-limits.ts';
import type { Slice } from './heartbeat.ts';
import { Reads } from './reads.ts';
import type { SessionHooks } from './session-hooks.ts';
import { Slots } from './slots.ts';
import type { Subscription } from './subscription.ts';

/** Stage of a connection. `refused`: connect was answered with an error, and nothing is served any more. */
type State = 'new' | 'connecting' | 'connected' | 'refused' | 'closed';

/** Share of the send buffer that may wait in the process before {@link Session.congested}. */
const CONGESTED = 1 / 16;
/** Share of the send buffer that may be sent and not known to be read before {@link Session.congested}. */
const UNREAD = 1 / 8;

/**
 * One client connection. Commands are handled in the order they came, see {@link CommandQueue}; calls see {@link Calls}. Answers
 * may overtake each other.
 */
export class Session implements SocketHandler {
  readonly client = crypto.randomUUID();
  readonly subscriptions = new Map<string, Subscription>();
  readonly openedAt: Moment;
  readonly context: SessionContext;
  readonly codec: Codec;
  isBackground = false;
  readonly #socket: Socket;
  readonly #rate: Rate;
  readonly #hooks: SessionHooks<Session>;
  readonly #queue = new CommandQueue(command => this.#run(command));
  #state: State = 'new';
  #identity: Identity | null = null;
  #user: User | null = null;
  #slice: Slice | null = null;
  #heardAt: Moment;
  /** Reads of history that wait; null until the first. */
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
    this.#heardAt = this.openedAt;
    this.#rate = new Rate(burstOf(context.config), this.openedAt);
    this.#hooks = hooks;
  }

  get encoding(): Encoding {
    return this.codec.encoding;
  }
  get state(): State {
    return this.#state;
  }
  get gone(): boolean {
    return this.#state === 'closed';
  }
  /** Null before connect. */
  get identity(): Identity | null {
    return this.#identity;
  }
  /** User that the connection counts for; null before connect. */
  get user(): User | null {
    return this.#user;
  }
  /** Connections that are pinged together with this one; null before connect. */
  get slice(): Slice | null {
    return this.#slice;
  }
  /** Moment of the last pong that answered a ping; of joining the slice before the first. */
  get heardAt(): Moment {
    return this.#heardAt;
  }

  /** Counts the connection for its user. @throws {CommandError} 111 if the user has too many */
  signIn(identity: Identity): void {
    this.#user = this.context.chat.limits.enter(identity.user);
    this.#identity = identity;
    this.context.unsigned.remove(this);
  }

  /** Replaces the identity of a connection whose token was refreshed. */
  renew(identity: Identity): void {
    this.#identity = identity;
  }

  /** Answers connect with an error; nothing more is served. SDKs connect again after a temporary one. */
  refuse(id: number, error: ErrorCode, detail: string): void {
    this.#state = 'refused';
    this.fail(id, error, detail);
  }

  /** Answers connect, and joins a heartbeat: the reply is the first frame, pings follow it. */
  welcome(id: number, reply: Reply): void {
    const { slice, topic } = this.context.heartbeat(this);
    this.#state = 'connected';
    this.#slice = slice;
    this.#heardAt = this.context.now();
    this.reply(id, reply);
    this.subscribeTopic(topic);
  }

  /** Takes a pong. @returns false if it answers no ping */
  pong(): boolean {
    if (!this.#slice || this.#heardAt >= this.#slice.pinged) return false;
    this.#heardAt = this.context.now();
    return true;
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
    this.#state = 'closed';
    for (const subscription of this.subscriptions.values()) subscription.leave();
    this.subscriptions.clear();
    if (this.#user) this.context.chat.limits.leave(this.#user);
    this.#queue.clear();
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

  /** Lets `work` go on beside the commands behind it; its failure becomes the answer. */
  background(id: number, work: Promise<void>): undefined {
    work.catch(error => this.failed(id, error));
    return undefined;
  }

  /** Reads a page and answers with it, see {@link Reads.add}. @throws {CommandError} 111 if too many wait already */
  read(id: number, read: () => Promise<Reply>): void {
    this.#reads ??= new Reads(this);
    this.#reads.add(id, read);
  }

  /**
   * Begins a call, see {@link Calls.begin}.
   * @returns a promise only if the commands behind it have to wait
   * @throws {CommandError} 111 if too much waits already
   */
  call(id: number, place: CallPlace, run: (call: Call) => Promise<Reply>): Promise<void> | undefined {
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

  /** Ends the connection without a close code, which frees at once what it holds. SDKs connect again and recover. */
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

  /** Bytes, here and in the kernel, that wait for the client to read or for a command to be run. */
  pending(): number {
    const waiting = this.#queue.bytes + (this.#calls?.waiting ?? 0) + (this.#reads?.bytes ?? 0);
    return Math.max(this.#socket.buffered(), this.#socket.unread()) + waiting;
  }

  /** True while so much waits for the client to read that senders who can wait should wait. */
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
    if (command.method === 'connect') this.#state = 'connecting';
    else if (!this.#takeRate()) {
      const { config } = this.context;
      const limit = `at most ${config.commandsPerSecond} commands a second, ${burstOf(config)} at once`;
      return this.fail(command.id, ERRORS.tooManyRequests, limit);
    }
    if (!this.#queue.add(command, bytes)) this.end(CLOSES.tooManyRequests);
  }

  #takeRate(): boolean {
    const { now, config } = this.context;
    return this.#rate.take(now(), config.commandsPerSecond, burstOf(config));
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
