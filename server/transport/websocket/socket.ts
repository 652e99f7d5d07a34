import { randomInt } from 'node:crypto';
import type { Encoding, Frame } from '../../protocol/codec.ts';
import type { CloseCode } from '../../protocol/codes.ts';
import type { Backlog } from './backlog.ts';

/**
 * Connection to one client, over a WebSocket or another transport. An implementation guarantees:
 * - The client gets the frames of {@link send} and of its topics whole and in one order: the order of these calls and of the
 *   publishes.
 * - A frame is either queued or dropped at once; it is dropped if more waits for the reader than the limit of the transport.
 *   After a dropped frame none is queued, and {@link SocketHandler.overflowed} is called before the next frame is published to
 *   any topic: a client never has a gap it does not know of.
 * - No call waits or throws. After {@link end}, {@link cut} or the end by the client every call does nothing, and the counts
 *   are 0 once nothing waits.
 */
export interface Socket {
  readonly encoding: Encoding;
  /** Queues a frame, which must be in the encoding of the socket. */
  send(frame: Frame): void;
  /** Joins a topic: frames published after the return are queued. Does nothing if it has joined. */
  subscribe(topic: string): void;
  /** Leaves a topic: frames published after the return are not queued. Does nothing if it has not joined. */
  unsubscribe(topic: string): void;
  /**
   * Ends the connection with a code once the client has taken what was sent. {@link SocketHandler.closed} is called before the
   * return. A reader that takes nothing is cut, 15 s later at a WebSocket.
   */
  end(close: CloseCode): void;
  /** Closes the connection at once without a code and gives up what waits. */
  cut(): void;
  /** Bytes that the kernel has not taken yet. */
  buffered(): number;
  /**
   * Bytes of {@link send} that the reader has not confirmed. Less than 4 KiB may be reported as 0. A transport without
   * confirmations reports {@link buffered}.
   */
  unread(): number;
}

/** Receiver of the events of a {@link Socket}. No event comes after {@link closed}. */
export interface SocketHandler {
  /** A frame of the client has come. `frame` is valid until the return: copy what is kept. */
  message(frame: Uint8Array, binary: boolean): void;
  /** Some of what waited has been written or read. */
  flushed(): void;
  /** A frame was dropped because the reader is too slow. The handler has to end the socket. */
  overflowed(): void;
  /** The connection has ended: by either side. Called once. */
  closed(): void;
}

/** Methods of uWS's socket that are used here. */
export interface RawSocket {
  send(frame: Frame, binary: boolean): unknown;
  ping(payload: Uint8Array): unknown;
  subscribe(topic: string): unknown;
  unsubscribe(topic: string): unknown;
  getTopics(): readonly string[];
  getBufferedAmount(): number;
  end(code: number, reason: string): void;
  close(): void;
}

/** Time in which a reader may take what waits, close code included. */
const LINGER_MS = 15_000;
/** Unread bytes from which on a ping follows, to learn whether the client reads. */
const ASK_BYTES = 4 * 1024;
/** Characters of a string frame below which its bytes are not counted exactly: most frames are short. */
const LONG_FRAME = 1_024;
const PAYLOAD_BYTES = 6;

/**
 * WebSocket that counts unread bytes, and whose close code reaches also a reader for whom more waits than uWS queues. The kernel
 * takes megabytes for a reader that reads nothing, and keeps them after the close; uWS neither limits nor reports that. So a ping
 * with a payload that cannot be guessed follows what is sent: every WebSocket answers it by itself once it has read what comes
 * before it.
 */
export class LimitedSocket implements Socket {
  readonly encoding: Encoding;
  handler: SocketHandler | null = null;
  readonly #limit: number;
  readonly #backlog: Backlog;
  #raw: RawSocket | null;
  #last: { readonly close: CloseCode; readonly cut: NodeJS.Timeout } | null = null;
  #overflowed = false;
  #unread = 0;
  /** Unread bytes in front of the ping that is not answered yet; 0 without one. */
  #asked = 0;
  #payload = 0;

  /** @param limit bytes above which uWS queues nothing, close frames included */
  constructor(raw: RawSocket, encoding: Encoding, limit: number, backlog: Backlog) {
    this.#raw = raw;
    this.encoding = encoding;
    this.#limit = limit;
    this.#backlog = backlog;
  }

  send(frame: Frame): void {
    // After a dropped frame none may follow: the client would not notice the gap.
    if (this.#overflowed || this.#last || !this.#raw) return;
    this.#raw.send(frame, this.encoding === 'protobuf');
    const before = this.unread();
    this.#unread += sizeOf(frame);
    this.#ask();
    this.#count(before);
  }
  subscribe(topic: string): void {
    if (!this.#last) this.#raw?.subscribe(topic);
  }
  unsubscribe(topic: string): void {
    if (!this.#last) this.#raw?.unsubscribe(topic);
  }
  buffered(): number {
    return this.#raw?.getBufferedAmount() ?? 0;
  }
  unread(): number {
    return this.#asked > 0 ? this.#unread : 0;
  }
  /** Bytes that wait for the reader, in the process or in the kernel. */
  pending(): number {
    return Math.max(this.buffered(), this.unread());
  }

  end(close: CloseCode): void {
    const raw = this.#raw;
    if (!raw || this.#last) return;
    if (this.pending() === 0) return this.#end(raw, close);
    for (const topic of raw.getTopics()) raw.unsubscribe(topic);
    this.#last = { close, cut: setTimeout(() => this.cut(), LINGER_MS).unref() };
    this.#backlog.closing.add(this);
    this.#tellClosed();
  }

  /** Ends a socket whose end waits: with its code if uWS still queues that, else without. */
  endNow(): void {
    const last = this.#last;
    if (!last || !this.#raw) return;
    if (this.buffered() <= this.#limit) this.#end(this.#raw, last.close);
    else this.cut();
  }

  cut(): void {
    const raw = this.#raw;
    this.#raw = null;
    raw?.close();
  }

  /** uWS has dropped a frame. {@link overflowed} must be called before the next frame is published. */
  markOverflow(): void {
    this.#overflowed = true;
  }
  overflowed(): void {
    this.handler?.overflowed();
  }

  flushed(): void {
    if (!this.#last) this.handler?.flushed();
    else if (this.pending() === 0) this.endNow();
  }

  /** The client has answered a ping, or sent a pong by itself. */
  ponged(payload: Uint8Array): void {
    if (this.#asked === 0 || payload.byteLength !== PAYLOAD_BYTES) return;
    if (Buffer.from(payload.buffer, payload.byteOffset, PAYLOAD_BYTES).readUIntBE(0, PAYLOAD_BYTES) !== this.#payload)
      return;
    const before = this.unread();
    this.#unread -= this.#asked;
    this.#asked = 0;
    this.#ask();
    this.#count(before);
    this.flushed();
  }

  /** uWS has closed the socket. */
  gone(): void {
    this.#raw = null;
    const before = this.unread();
    this.#unread = 0;
    this.#asked = 0;
    this.#count(before);
    if (this.#last) clearTimeout(this.#last.cut);
    this.#backlog.closing.delete(this);
    this.#tellClosed();
  }

  #end(raw: RawSocket, close: CloseCode): void {
    this.#raw = null; // uWS calls `close` at once, and the raw socket must not be touched after it
    raw.end(close.code, close.reason);
  }

  #ask(): void {
    if (this.#asked > 0 || this.#unread < ASK_BYTES || !this.#raw) return;
    this.#asked = this.#unread;
    this.#payload = randomInt(2 ** (8 * PAYLOAD_BYTES) - 1);
    const payload = Buffer.allocUnsafe(PAYLOAD_BYTES);
    payload.writeUIntBE(this.#payload, 0, PAYLOAD_BYTES);
    this.#raw.ping(payload);
  }

  #count(before: number): void {
    const more = this.unread() - before;
    if (more !== 0) this.#backlog.add(more);
  }

  #tellClosed(): void {
    const handler = this.handler;
    this.handler = null;
    handler?.closed();
  }
}

function sizeOf(frame: Frame): number {
  if (typeof frame !== 'string') return frame.byteLength;
  return frame.length < LONG_FRAME ? frame.length : Buffer.byteLength(frame);
}
