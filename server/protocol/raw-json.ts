import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LF = 0x0a;
const CR = 0x0d;

/** Text of UTF-8 bytes, with a byte order mark if there is one; null if they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  if (!isUtf8(bytes)) return null;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/**
 * True if bytes may be copied into a frame: one JSON value in UTF-8 without a raw newline or carriage return. Either would
 * end the line, and the client would read the rest as a frame of the server.
 */
export function isPlainJson(bytes: Uint8Array): boolean {
  if (bytes.includes(LF) || bytes.includes(CR)) return false;
  const text = decodeUtf8(bytes);
  if (text === null) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === LF || code === CR;
}

function skipSpace(text: string, at: number): number {
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Index after the string that starts at `at`. */
function skipString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  for (;;) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
}

/** Index after the value that starts at `at`. Not recursive, so that deep nesting cannot overflow the stack. */
function skipValue(text: string, at: number): number {
  let depth = 0;
  for (let i = at; ; ) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = skipString(text, i);
      if (depth === 0) return i;
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) return i;
      depth--;
      if (depth === 0) return i + 1;
    } else if (depth === 0 && (code === COMMA || isSpace(code) || i === text.length)) return i;
    i++;
  }
}

/**
 * Finds the value of `member` in the object that starts at `at`: its indices, or null. Of a repeated member it finds the last, as
 * `JSON.parse` does. `text` must be valid JSON; this is not checked.
 */
export function findMember(text: string, at: number, member: string): { start: number; end: number } | null {
  let found: { start: number; end: number } | null = null;
  let i = skipSpace(text, at) + 1;
  for (;;) {
    i = skipSpace(text, i);
    if (text.charCodeAt(i) === COMMA) {
      i++;
      continue;
    }
    if (text.charCodeAt(i) !== QUOTE) return found;
    const keyEnd = skipString(text, i);
    const raw = text.slice(i + 1, keyEnd - 1);
    const key = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
    i = skipSpace(text, keyEnd);
    if (text.charCodeAt(i) === COLON) i++;
    const start = skipSpace(text, i);
    const end = skipValue(text, start);
    if (key === member) found = { start, end };
    i = end;
  }
}
