import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';

/** The headers of a message, as far as they can be read. */
export interface ReadHeaders {
  /** Undefined for a message without headers. */
  readonly headers: MsgHdrs | undefined;
  /** False when lines were left out: another client may have put any byte into them. */
  readonly intact: boolean;
}

/**
 * Reads the headers of a message. The library throws for a value with a line break, and what a subscription's callback
 * throws ends the connection, so nothing else may read `message.headers`. Of a broken block the well-formed lines are
 * kept: the server's own, which name stream, subject and sequence, are among them.
 */
export function readHeaders(message: Msg): ReadHeaders {
  try {
    return { headers: message.headers, intact: true };
  } catch {
    return { headers: wellFormedLines(headerBytes(message)), intact: false };
  }
}

/** The library's message tells its whole size, names included; its public type does not say so. A test holds it. */
interface Sized {
  size?(): number;
}

/** The header block as it came, which stands before the data in one buffer; empty for none. */
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
 * A header that the server adds to what it delivers, such as `Nats-Sequence`; empty without it. It stands behind those of
 * the publisher, who may have sent one of the same name.
 */
export function serverHeader(found: MsgHdrs | undefined, name: string): string {
  return found?.values(name).at(-1) ?? '';
}

/** An offset as the server writes it; 0 for anything that is none. */
export function offsetOf(text: string): number {
  const offset = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(offset) ? offset : 0;
}
