import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';

/** Headers of a message. */
export interface ReadHeaders {
  /** Undefined for a message without headers. */
  readonly headers: MsgHdrs | undefined;
  /** False if malformed lines were left out: another NATS client may have put any bytes there. */
  readonly intact: boolean;
}

/**
 * Reads the headers of a message. The only place that may use `message.headers`: the library throws for a value with a line
 * break, and an error in a subscription's callback ends the connection. Of a malformed block it keeps the well-formed lines,
 * among them those of the server with stream, subject and sequence.
 */
export function readHeaders(message: Msg): ReadHeaders {
  try {
    return { headers: message.headers, intact: true };
  } catch {
    return { headers: wellFormedLines(headerBytes(message)), intact: false };
  }
}

/** Method of the library's message that its public type lacks: size in bytes, including the subjects. Held by a test. */
interface Sized {
  size?(): number;
}

/** Raw header block, which precedes the data in the same buffer; empty for none. */
export function headerBytes(message: Msg): Uint8Array {
  const { data } = message;
  const names = Buffer.byteLength(message.subject) + Buffer.byteLength(message.reply ?? '');
  const length = Math.max(0, ((message as Sized).size?.() ?? 0) - names - data.byteLength);
  return new Uint8Array(data.buffer, data.byteOffset - length, length);
}

function wellFormedLines(block: Uint8Array): MsgHdrs {
  const [status = '', ...lines] = Buffer.from(block).toString('latin1').split('\r\n');
  const code = Number(/^NATS\/1\.0 (\d{3})\b/.exec(status)?.[1] ?? 0);
  const kept = headers(code, code === 0 ? '' : status.slice('NATS/1.0 000 '.length));
  for (const line of lines) {
    const [, name = '', value = ''] = /^([\x21-\x39\x3b-\x7e]+): ?([\x20-\x7e]*)$/.exec(line) ?? [];
    if (name !== '') kept.append(name, value);
  }
  return kept;
}

/**
 * Value of a header that the server adds to a delivered message, such as `Nats-Sequence`; empty without one. Takes the last
 * one of that name: a publisher may have sent another, which comes first.
 */
export function serverHeader(found: MsgHdrs | undefined, name: string): string {
  return found?.values(name).at(-1) ?? '';
}

/** Parses an offset as the server writes it; 0 for any other text. */
export function offsetOf(text: string): number {
  const offset = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(offset) ? offset : 0;
}
