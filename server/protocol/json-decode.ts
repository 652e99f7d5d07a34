import { BadFrame, type Command } from './codec.ts';
import { COMMANDS_PER_FRAME, MAX_ID, toCommand } from './command.ts';
import { decodeUtf8, findMember } from './raw-json.ts';
import { type Fields, type Kind, METHODS, type Method, REQUESTS, type Values } from './schema.ts';

/** Bounds of a number and where larger ones end: a position nobody can hold is as good as the largest one that is exact. */
const INTEGERS = {
  int32: { min: -(2 ** 31), max: 2 ** 31 - 1 },
  int64: { min: -(2 ** 63), max: 2 ** 63 },
  uint64: { min: 0, max: 2 ** 64 },
} as const;

const PONG: Command = { method: 'pong' };

type JsonObject = { readonly [name: string]: unknown };

function asObject(value: unknown, name: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadFrame(`${name} is no object`);
  return value as JsonObject;
}

/** Refuses lone surrogates: they have no UTF-8, so they could never reach a Protobuf client or NATS. */
function asString(value: unknown, name: string): string {
  if (typeof value !== 'string' || !value.isWellFormed()) throw new BadFrame(`${name} is no text`);
  return value;
}

function asInteger(value: unknown, name: string, bounds: { readonly min: number; readonly max: number }): number {
  if (!Number.isInteger(value)) throw new BadFrame(`${name} is no integer`);
  const number = value as number;
  if (number < bounds.min || number > bounds.max) throw new BadFrame(`${name} is out of range`);
  return Math.min(Math.max(number, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

function readMap(value: unknown, fields: Fields, name: string): ReadonlyMap<string, unknown> {
  const map = new Map<string, unknown>();
  for (const [key, entry] of Object.entries(asObject(value ?? {}, name))) {
    map.set(asString(key, name), readFields(asObject(entry, name), fields, ''));
  }
  return map;
}

function readValue(value: unknown, kind: Kind, name: string): unknown {
  if (typeof kind === 'object') {
    if ('map' in kind) return readMap(value, kind.map, name);
    return value === undefined || value === null ? null : readFields(asObject(value, name), kind.message, '');
  }
  const absent = value === undefined || value === null;
  switch (kind) {
    case 'string':
      return absent ? '' : asString(value, name);
    case 'bool':
      if (!absent && typeof value !== 'boolean') throw new BadFrame(`${name} is neither true nor false`);
      return value === true;
    case 'bytes':
      throw new Error('bytes are cut out of the text');
    default:
      return absent ? 0 : asInteger(value, name, INTEGERS[kind]);
  }
}

/** The bytes of a member, exactly as the client wrote them. */
function cut(raw: string, name: string): Uint8Array | null {
  const place = findMember(raw, 0, name);
  if (place === null) return null;
  const text = raw.slice(place.start, place.end);
  if (text.includes('\r')) throw new BadFrame(`line break in ${name}`);
  return Buffer.from(text, 'utf8');
}

/** @param raw text of the object, which `bytes` fields are cut from */
function readFields<F extends Fields>(object: JsonObject, fields: F, raw: string): Values<F> {
  const values: Record<string, unknown> = {};
  for (const name in fields) {
    const kind = fields[name]?.kind;
    if (kind === undefined) continue;
    if (kind === 'bytes') {
      values[name] = object[name] === undefined ? null : cut(raw, name);
    } else values[name] = readValue(object[name], kind, name);
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

function hasBytes(method: Method): boolean {
  return Object.values(REQUESTS[method].fields).some(({ kind }) => kind === 'bytes');
}
const RAW_METHODS: ReadonlySet<Method> = new Set(METHODS.filter(hasBytes));

function rawRequest(line: string, method: Method): string {
  const place = RAW_METHODS.has(method) ? findMember(line, 0, method) : null;
  return place === null ? '' : line.slice(place.start, place.end);
}

function decodeLine(line: string): Command {
  const object = asObject(parse(line), 'command');
  const id = asInteger(object['id'] ?? 0, 'id', { min: 0, max: MAX_ID });
  for (const method of METHODS) {
    const request = object[method];
    if (request === undefined || request === null) continue;
    return toCommand(
      method,
      id,
      readFields(asObject(request, method), REQUESTS[method].fields, rawRequest(line, method)),
    );
  }
  if (Object.keys(object).length === 0) return PONG;
  throw new BadFrame('unknown command');
}

/**
 * Commands joined by one newline each, with at most one at the end. `data` is the client's bytes, cut out of the frame.
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
