import type { Encoding, Frame } from '../protocol/codec.ts';
import type { CloseCode } from '../protocol/codes.ts';
import type { AnswerStream, StreamHandler } from './answer-stream.ts';
import type { TopicMember, Topics } from './topics.ts';
import type { Socket, SocketHandler } from './websocket/socket.ts';

/** Format of frames in the body of an answer. */
export interface Framing {
  frame(frame: Frame): string | Uint8Array;
  /** Last piece of the body: the reason of the end; empty for none. */
  close(close: CloseCode): string | Uint8Array;
}

/**
 * Connection whose frames go to the client in the body of an answer; commands of the client come in requests of their own. A
 * frame that cannot be queued ends the connection, as at a WebSocket. Set {@link handler} before the first call.
 */
export class StreamSocket implements Socket, TopicMember, StreamHandler {
  readonly encoding: Encoding;
  handler: SocketHandler | null = null;
  readonly #stream: AnswerStream;
  readonly #topics: Topics;
  readonly #framing: Framing;

  constructor(stream: AnswerStream, encoding: Encoding, topics: Topics, framing: Framing) {
    this.#stream = stream;
    this.encoding = encoding;
    this.#topics = topics;
    this.#framing = framing;
  }

  send(frame: Frame): void {
    if (this.handler && !this.take(frame)) this.#topics.overflow(this);
  }

  subscribe(topic: string): void {
    if (this.handler) this.#topics.join(topic, this);
  }

  unsubscribe(topic: string): void {
    this.#topics.leave(topic, this);
  }

  end(close: CloseCode): void {
    this.#stream.end(this.#framing.close(close));
  }

  cut(): void {
    this.#stream.cut();
  }

  buffered(): number {
    return this.#stream.buffered();
  }

  /** Same as {@link buffered}: a client does not confirm what it has read of a body. */
  unread(): number {
    return this.#stream.buffered();
  }

  take(frame: Frame): boolean {
    return this.#stream.write(this.#framing.frame(frame));
  }

  overflowed(): void {
    this.handler?.overflowed();
  }

  flushed(): void {
    this.handler?.flushed();
  }

  closed(): void {
    this.#topics.leaveAll(this);
    const handler = this.handler;
    this.handler = null;
    handler?.closed();
  }
}
