import { BadFrame, type Command } from './codec.ts';
import { COMMANDS_PER_FRAME, MAX_ID, toCommand } from './command.ts';
import { decodeUtf8, findMember } from './raw-json.ts';
import { type Fields, type Kind, METHODS, type Method, REQUESTS, type Values } from './schema.ts';

/**
 * Bounds of the integer types. Numbers beyond 2^53 within them are reduced to the largest
 * exact one: no room has such positions.
 */
const INTEGERS = {
  int32: { min: -(2 ** 31), max: 2 ** 31 - 1 },
  int64: { min: -(2 ** 63), max: 2 ** 63 },
  uint64: { min: 0, max: 2 ** 64 },
} as const;

const PONG: Command = { method: 'pong' };

type JsonObject = { readonly [name: string]: unknown };

function asObject(value: unknown, name: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadFrame(`${name} is not an object`);
  return value as JsonObject;
}

function asString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new BadFrame(`${name} is not a string`);
  return value;
}

function asInteger(value: unknown, name: string, bounds: { readonly min: number; readonly max: number }): number {
  if (!Number.isInteger(value)) throw new BadFrame(`${name} is not an integer`);
  const number = value as number;
  if (number < bounds.min || number > bounds.max) throw new BadFrame(`${name} is out of range`);
  return Math.min(Math.max(number, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

function readMap(value: unknown, fields: Fields, name: string): ReadonlyMap<string, unknown> {
  const map = new Map<string, unknown>();
  for (const [key, entry] of Object.entries(asObject(value ?? {}, name))) {
    map.set(key, readFields(asObject(entry, name), fields));
  }
  return map;
}

function readValue(value: unknown, kind: Exclude<Kind, 'bytes'>, name: string): unknown {
  if (typeof kind === 'object') {
    if ('map' in kind) return readMap(value, kind.map, name);
    return value === undefined || value === null ? null : readFields(asObject(value, name), kind.message);
  }
  const absent = value === undefined || value === null;
  switch (kind) {
    case 'string':
      return absent ? '' : asString(value, name);
    case 'bool':
      if (!absent && typeof value !== 'boolean') throw new BadFrame(`${name} is not a boolean`);
      return value === true;
    default:
      return absent ? 0 : asInteger(value, name, INTEGERS[kind]);
  }
}

/** Bytes of a member of the request, exactly as the client wrote them. */
function cut(line: string, method: Method, name: string): Uint8Array | null {
  const request = findMember(line, 0, method);
  const place = request && findMember(line, request.start, name);
  if (!place) return null;
  const text = line.slice(place.start, place.end);
  if (text.includes('\r')) throw new BadFrame(`line break in ${name}`);
  return Buffer.from(text, 'utf8');
}

type CutBytes = (name: string) => Uint8Array | null;

function readFields<F extends Fields>(object: JsonObject, fields: F, cutBytes?: CutBytes): Values<F> {
  const values: Record<string, unknown> = {};
  for (const name in fields) {
    const kind = fields[name]?.kind;
    if (kind === undefined) continue;
    values[name] = kind === 'bytes' ? (cutBytes?.(name) ?? null) : readValue(object[name], kind, name);
  }
  return values as Values<F>;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new BadFrame('not JSON');
  }
}

function decodeLine(line: string): Command {
  const object = asObject(parse(line), 'command');
  const id = asInteger(object['id'] ?? 0, 'id', { min: 0, max: MAX_ID });
  for (const method of METHODS) {
    const request = object[method];
    if (request === undefined || request === null) continue;
    const fields = REQUESTS[method].fields;
    return toCommand(
      method,
      id,
      readFields(asObject(request, method), fields, name => cut(line, method, name)),
    );
  }
  if (Object.keys(object).length === 0) return PONG;
  throw new BadFrame('unknown command');
}

/**
 * Decodes commands separated by single newlines, with at most one newline at the end. `data` is copied out of the frame as bytes.
 * @throws {BadFrame}
 */
export function decodeJsonFrame(frame: Uint8Array): Command[] {
  const text = decodeUtf8(frame);
  if (text === null) throw new BadFrame('not UTF-8');
  const lines = text.split('\n', COMMANDS_PER_FRAME + 2);
  if (lines.length > 1 && (lines.at(-1) === '' || lines.at(-1) === '\r')) lines.pop();
  if (lines.length > COMMANDS_PER_FRAME) throw new BadFrame('too many commands');
  return lines.map(decodeLine);
}

const NEWLINE = 0x0a;

/** Number of bytes of each line of a frame. */
export function jsonSizes(frame: Uint8Array): number[] {
  const sizes: number[] = [];
  for (let start = 0; ; ) {
    const end = frame.indexOf(NEWLINE, start);
    sizes.push((end < 0 ? frame.length : end) - start);
    if (end < 0) return sizes;
    start = end + 1;
  }
}
