import type { Backlog, Closing } from './websocket/backlog.ts';

/** Body of an answer that is written piece by piece. After its end every call does nothing. */
export interface AnswerStream {
  /**
   * Queues a piece for the reader, behind those before it. Pieces reach the reader in the order of the calls, but may be joined
   * and split on the way. Bytes must stay as they are from then on. An empty piece is nothing.
   * @returns false if the piece is not taken, because more than the limit waits already, or because the stream has ended; no
   * later piece is taken then, so that the reader never gets a body with a gap
   */
  write(piece: string | Uint8Array): boolean;
  /**
   * Ends the body once what waits is written. {@link StreamHandler.closed} is called at once; what waits is given up when the
   * reader takes nothing for {@link UNREAD_SECONDS}.
   * @param last queued whatever the limit, also after a piece that was not taken
   */
  end(last?: string | Uint8Array): void;
  /** Closes the connection and gives up what waits. */
  cut(): void;
  /** Bytes that the kernel has not taken yet, give or take {@link PIECE_BYTES}. */
  buffered(): number;
}

/** Receiver of the events of an {@link AnswerStream}. No event comes from within {@link AnswerStream.write}. */
export interface StreamHandler {
  /** Some of what waited has been written. */
  flushed(): void;
  /** The stream has ended: by the route, the client or the listener. Called once. */
  closed(): void;
}

/** Methods of uWS's response that are used here. */
export interface RawResponse {
  cork(run: () => void): unknown;
  /** @returns false if the kernel has not taken all of it, or of what was written before */
  write(piece: string | Uint8Array): boolean;
  end(): unknown;
  close(): unknown;
}

/** Largest piece that is handed to uWS, which does not report how much of a piece it still keeps. */
export const PIECE_BYTES = 15 * 1024;
/** Time after which uWS closes the connection of a reader for whom something waits and who takes nothing. */
export const UNREAD_SECONDS = 10;

/** Body of an answer that keeps little more than its limit for its reader and never continues after a gap. */
export class LimitedStream implements AnswerStream, Closing {
  #handler: StreamHandler | null = null;
  readonly #limit: number;
  readonly #backlog: Backlog;
  #raw: RawResponse | null;
  /** Pieces that wait until uWS has written what it was given. */
  #queue: (string | Uint8Array)[] = [];
  #queued = 0;
  /** Upper bound of the bytes that uWS was given and has not written. */
  #given = 0;
  /** True while uWS has more than the kernel takes. */
  #blocked = false;
  #overflowed = false;
  #ending = false;

  /** @param limit bytes; a piece is taken as long as not more than that waits */
  constructor(raw: RawResponse, limit: number, backlog: Backlog) {
    this.#raw = raw;
    this.#limit = limit;
    this.#backlog = backlog;
  }

  /** Sets the receiver of events. An end that came before is reported at once. */
  open(handler: StreamHandler): void {
    if (this.#raw && !this.#ending) this.#handler = handler;
    else handler.closed();
  }

  write(piece: string | Uint8Array): boolean {
    if (!this.#raw || this.#ending || this.#overflowed) return false;
    if (this.buffered() > this.#limit) {
      this.#overflowed = true;
      return false;
    }
    this.#add(piece);
    return true;
  }

  end(last: string | Uint8Array = ''): void {
    const raw = this.#raw;
    if (!raw || this.#ending) return;
    this.#ending = true;
    this.#add(last);
    if (this.#queue.length === 0) this.#end(raw);
    else this.#backlog.closing.add(this);
    this.#tellClosed();
  }

  cut(): void {
    this.#raw?.close(); // comes back as `gone`
  }

  buffered(): number {
    return this.#queued + (this.#blocked ? this.#given : 0);
  }

  pending(): number {
    return this.buffered();
  }

  endNow(): void {
    this.cut();
  }

  /** The kernel takes more. */
  writable(): void {
    const raw = this.#raw;
    if (!raw) return;
    this.#blocked = false;
    this.#given = 0;
    if (this.#queue.length > 0) this.#flush(raw);
    else raw.cork(() => undefined); // makes uWS write the rest: with a handler for this event it does so in a write alone
    if (!this.#ending) this.#handler?.flushed();
    else if (this.#queue.length === 0) this.#end(raw);
  }

  /** The connection is closed. */
  gone(): void {
    this.#raw = null;
    this.#queue = [];
    this.#queued = 0;
    this.#blocked = false;
    this.#backlog.closing.delete(this);
    this.#tellClosed();
  }

  #add(piece: string | Uint8Array): void {
    for (const part of partsOf(piece)) {
      this.#queue.push(part);
      this.#queued += sizeOf(part);
    }
    if (this.#raw && !this.#blocked) this.#flush(this.#raw);
  }

  #flush(raw: RawResponse): void {
    raw.cork(() => {
      let written = 0;
      for (const part of this.#queue) {
        if (this.#blocked) break;
        const bytes = sizeOf(part);
        written += 1;
        this.#queued -= bytes;
        // In a cork uWS reports with a piece whether the one before was written: the rest is of these two.
        const taken = raw.write(part);
        this.#given = taken ? bytes : this.#given + bytes;
        this.#blocked = !taken;
      }
      this.#queue = this.#queue.slice(written);
    });
  }

  #end(raw: RawResponse): void {
    this.#raw = null;
    this.#blocked = false; // uWS writes what it kept, or gives up, by itself
    this.#backlog.closing.delete(this);
    raw.cork(() => raw.end());
  }

  #tellClosed(): void {
    const handler = this.#handler;
    this.#handler = null;
    handler?.closed();
  }
}

const sizeOf = (piece: string | Uint8Array): number =>
  typeof piece === 'string' ? Buffer.byteLength(piece) : piece.byteLength;

/** A piece, in parts of at most {@link PIECE_BYTES}. */
function partsOf(piece: string | Uint8Array): (string | Uint8Array)[] {
  const bytes = sizeOf(piece);
  if (bytes === 0) return [];
  if (bytes <= PIECE_BYTES) return [piece];
  const whole = typeof piece === 'string' ? Buffer.from(piece) : piece;
  return Array.from({ length: Math.ceil(bytes / PIECE_BYTES) }, (_, part) =>
    whole.subarray(part * PIECE_BYTES, (part + 1) * PIECE_BYTES),
  );
}
