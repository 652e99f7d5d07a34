import type { Encoding, Frame } from '../protocol/codec.ts';
import type { CloseCode } from '../protocol/codes.ts';

/** One WebSocket. After its close every call does nothing. */
export interface Socket {
  readonly encoding: Encoding;
  send(frame: Frame): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Closes with a code once what waits has been sent; a reader that stays silent is cut some 16 s later. */
  end(close: CloseCode): void;
  /** Bytes waiting for the reader. */
  buffered(): number;
}

/** What a connection does with its socket's events. */
export interface SocketHandler {
  /** `frame` is only valid until the return. */
  message(frame: Uint8Array, binary: boolean): void;
  /** Some of what waited has been written. */
  drained(): void;
  /** A frame was not queued because the reader is too slow: end the socket, or the reader misses it. */
  overflowed(): void;
  /** The socket is gone, or will be without another event. Called once. */
  closed(): void;
}

/** The part of uWS's socket that is used here. */
export interface RawSocket {
  send(frame: Frame, binary: boolean): unknown;
  subscribe(topic: string): unknown;
  unsubscribe(topic: string): unknown;
  getTopics(): readonly string[];
  getBufferedAmount(): number;
  end(code: number, reason: string): void;
  close(): void;
}

/** Time in which a reader that was too slow may take what waits, to learn why it was closed. */
const LINGER_MS = 15_000;

/** A socket whose end is always told, also to a reader for whom more waits than uWS queues. */
export class LimitedSocket implements Socket {
  readonly encoding: Encoding;
  handler: SocketHandler | null = null;
  readonly #limit: number;
  #raw: RawSocket | null;
  #last: { readonly raw: RawSocket; readonly close: CloseCode; readonly cut: NodeJS.Timeout } | null = null;
  #overflowed = false;

  /** @param limit bytes above which uWS queues nothing, close frames included */
  constructor(raw: RawSocket, encoding: Encoding, limit: number) {
    this.#raw = raw;
    this.encoding = encoding;
    this.#limit = limit;
  }

  send(frame: Frame): void {
    // After a frame that was dropped nothing may follow: the reader would take it for the next.
    if (!this.#overflowed) this.#raw?.send(frame, this.encoding === 'protobuf');
  }
  subscribe(topic: string): void {
    this.#raw?.subscribe(topic);
  }
  unsubscribe(topic: string): void {
    this.#raw?.unsubscribe(topic);
  }
  buffered(): number {
    return this.#raw?.getBufferedAmount() ?? 0;
  }

  end(close: CloseCode): void {
    const raw = this.#raw;
    if (!raw) return;
    this.#raw = null; // uWS calls `close` at once, and the raw socket must not be touched after it
    if (raw.getBufferedAmount() <= this.#limit) {
      raw.end(close.code, close.reason);
      return;
    }
    for (const topic of raw.getTopics()) raw.unsubscribe(topic);
    this.#last = { raw, close, cut: setTimeout(() => raw.close(), LINGER_MS).unref() };
    this.#tellClosed();
  }

  /** uWS has dropped a frame. {@link handleOverflow} must follow before the next is published. */
  markOverflow(): void {
    this.#overflowed = true;
  }
  handleOverflow(): void {
    this.handler?.overflowed();
  }

  drained(): void {
    const last = this.#last;
    if (!last) this.handler?.drained();
    else if (last.raw.getBufferedAmount() <= this.#limit) {
      this.#forgetLast();
      last.raw.end(last.close.code, last.close.reason);
    }
  }

  /** uWS has closed the socket. */
  gone(): void {
    this.#raw = null;
    this.#forgetLast();
    this.#tellClosed();
  }

  #forgetLast(): void {
    if (this.#last) clearTimeout(this.#last.cut);
    this.#last = null;
  }

  #tellClosed(): void {
    const handler = this.handler;
    this.handler = null;
    handler?.closed();
  }
}
