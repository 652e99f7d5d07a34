import protobuf from 'protobufjs/minimal.js';
import { BadFrame, type Command } from './codec.ts';
import { COMMANDS_PER_FRAME, MAX_ID, toCommand } from './command.ts';
import { decodeUtf8 } from './raw-json.ts';
import { type Fields, ID, type Kind, METHODS, REQUESTS, type Scalar, type Values } from './schema.ts';

type Reader = protobuf.Reader;

const VARINT = 0;
const LENGTH_DELIMITED = 2;

const PONG: Command = { method: 'pong' };

/**
 * Converts an integer that protobufjs read: a Long object if the package `long` is installed, else a number. Exact up to 2^53;
 * a larger one becomes the largest exact number, which no position reaches.
 */
function toNumber(value: number | protobuf.Long): number {
  const number =
    typeof value === 'number' ? value : (value.unsigned ? value.high >>> 0 : value.high) * 2 ** 32 + (value.low >>> 0);
  return Math.min(Math.max(number, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

/** Stands for text that is not UTF-8: a lone surrogate, as a JSON client can send it, which every later check refuses. */
const ILL_FORMED = '\ud800';

const readText = (reader: Reader): string => decodeUtf8(reader.bytes()) ?? ILL_FORMED;

interface ScalarRow {
  readonly wire: number;
  readonly zero: unknown;
  read(reader: Reader): unknown;
}
const SCALARS: Readonly<Record<Scalar, ScalarRow>> = {
  string: { wire: LENGTH_DELIMITED, zero: '', read: readText },
  bytes: { wire: LENGTH_DELIMITED, zero: null, read: reader => Buffer.copyBytesFrom(reader.bytes()) },
  bool: { wire: VARINT, zero: false, read: reader => reader.bool() },
  int32: { wire: VARINT, zero: 0, read: reader => reader.int32() },
  int64: { wire: VARINT, zero: 0, read: reader => toNumber(reader.int64()) },
  uint64: { wire: VARINT, zero: 0, read: reader => toNumber(reader.uint64()) },
};

/** Reads every field by its tag. Skips a field for which `read` returns false; of a repeated field the last one counts. */
function eachField(bytes: Uint8Array, read: (number: number, wire: number, reader: Reader) => boolean): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!read(tag >>> 3, tag & 7, reader)) reader.skipType(tag & 7, 0, tag >>> 3);
  }
}

function zeroOf(kind: Kind): unknown {
  if (typeof kind === 'string') return SCALARS[kind].zero;
  return 'map' in kind ? new Map() : null;
}

function namesByNumber(fields: Fields): ReadonlyMap<number, string> {
  return new Map(Object.entries(fields).map(([name, { number }]) => [number, name]));
}
const knownNames = new WeakMap<Fields, ReadonlyMap<number, string>>();
function namesOf(fields: Fields): ReadonlyMap<number, string> {
  const known = knownNames.get(fields) ?? namesByNumber(fields);
  knownNames.set(fields, known);
  return known;
}

function readEntry(bytes: Uint8Array, fields: Fields, into: Map<string, unknown>): void {
  let key = '';
  let value: Uint8Array = new Uint8Array();
  eachField(bytes, (number, wire, reader) => {
    if (wire !== LENGTH_DELIMITED || number > 2) return false;
    if (number === 1) key = readText(reader);
    else value = reader.bytes();
    return true;
  });
  into.set(key, readFields(value, fields));
}

function readFields<F extends Fields>(bytes: Uint8Array, fields: F): Values<F> {
  const names = namesOf(fields);
  const values: Record<string, unknown> = {};
  for (const name in fields) values[name] = zeroOf((fields[name] as Fields[string]).kind);
  eachField(bytes, (number, wire, reader) => {
    const name = names.get(number);
    const kind = name === undefined ? undefined : fields[name]?.kind;
    if (name === undefined || kind === undefined) return false;
    if (wire !== (typeof kind === 'string' ? SCALARS[kind].wire : LENGTH_DELIMITED)) return false;
    if (typeof kind === 'string') values[name] = SCALARS[kind].read(reader);
    else if ('map' in kind) readEntry(reader.bytes(), kind.map, values[name] as Map<string, unknown>);
    else values[name] = readFields(reader.bytes(), kind.message);
    return true;
  });
  return values as Values<F>;
}

function decodeCommand(bytes: Uint8Array): Command {
  if (bytes.length === 0) return PONG;
  let id = 0;
  const requests = new Map<number, Uint8Array>();
  eachField(bytes, (number, wire, reader) => {
    if (number === ID && wire === VARINT) id = toNumber(reader.uint64());
    else if (wire === LENGTH_DELIMITED) requests.set(number, reader.bytes());
    else return false;
    return true;
  });
  if (id > MAX_ID) throw new BadFrame('id is out of range');
  for (const method of METHODS) {
    const request = requests.get(REQUESTS[method].number);
    if (request !== undefined) return toCommand(method, id, readFields(request, REQUESTS[method].fields));
  }
  throw new BadFrame('unknown command');
}

/**
 * Decodes commands that follow each other, each after its length. Copies fields of type bytes out of the frame.
 * @throws {BadFrame}
 */
export function decodeProtobufFrame(frame: Uint8Array): Command[] {
  if (frame.length === 0) throw new BadFrame('empty frame');
  try {
    const commands: Command[] = [];
    const reader = protobuf.Reader.create(frame);
    while (reader.pos < reader.len) {
      if (commands.length === COMMANDS_PER_FRAME) throw new BadFrame('too many commands');
      commands.push(decodeCommand(reader.bytes()));
    }
    return commands;
  } catch (error) {
    // The reader throws plain errors and RangeErrors for truncated and malformed fields.
    throw error instanceof BadFrame ? error : new BadFrame('malformed Protobuf');
  }
}

/** Number of bytes of each command of a frame. */
export function protobufSizes(frame: Uint8Array): number[] {
  const sizes: number[] = [];
  for (const reader = protobuf.Reader.create(frame); reader.pos < reader.len; ) {
    const size = reader.uint32();
    sizes.push(size);
    reader.skip(size);
  }
  return sizes;
}
