import { randomInt } from 'node:crypto';
import type { Encoding, Frame } from '../../protocol/codec.ts';
import type { CloseCode } from '../../protocol/codes.ts';
import type { Backlog } from './backlog.ts';

/** One WebSocket. After its close every call does nothing. */
export interface Socket {
  readonly encoding: Encoding;
  send(frame: Frame): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Closes with a code once what was sent has been read; a reader that stays silent is cut 15 s later. */
  end(close: CloseCode): void;
  /** Closes without a word, and gives up what waits. */
  cut(): void;
  /** Bytes that the kernel has not taken yet. */
  buffered(): number;
  /** Bytes sent with {@link send} that the reader is not known to have read; below 4 KiB they count as read. */
  unread(): number;
}

/** What a connection does with its socket's events. */
export interface SocketHandler {
  /** `frame` is only valid until the return. */
  message(frame: Uint8Array, binary: boolean): void;
  /** Some of what waited has been written, or read. */
  flushed(): void;
  /** A frame was not queued because the reader is too slow: end the socket, or the reader misses it. */
  overflowed(): void;
  /** The socket is gone, or will be without another event. Called once. */
  closed(): void;
}

/** The part of uWS's socket that is used here. */
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

/** Time in which a reader may take what waits, to learn why it was closed. */
const LINGER_MS = 15_000;
/** Unread bytes from which on the reader is asked for a sign that it reads. */
const ASK_BYTES = 4 * 1024;
/** Below it all frames count as so many bytes as characters: most are short. */
const LONG_FRAME = 1_024;
const PAYLOAD_BYTES = 6;

/**
 * A socket whose end is always told, also to a reader for whom more waits than uWS queues, and that knows how much of what
 * was sent is unread. The kernel takes megabytes for a reader that reads nothing, and keeps them after the close; uWS
 * neither limits nor tells that. So a ping with a payload that cannot be guessed follows what is sent: every WebSocket
 * answers it by itself, once it has read what is before it.
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
  /** How many of the unread bytes are before the ping that is not answered yet; 0 without one. */
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
    // After a frame that was dropped nothing may follow: the reader would take it for the next.
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
  /** Bytes that are held for the reader, in the process or in the kernel. */
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

  /** Ends a socket that waits for its reader: told, if uWS still queues the close. */
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

  /** uWS has dropped a frame. {@link overflowed} must follow before the next is published. */
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

  /** The reader has answered a ping, or sent a pong of its own. */
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
