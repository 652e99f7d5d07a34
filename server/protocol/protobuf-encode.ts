import protobuf from 'protobufjs/minimal.js';
import type { ClientInfo, Publication, Push, Reply, SubscribeResult } from './codec.ts';
import type { ErrorCode } from './codes.ts';
import { u32, u64 } from './numbers.ts';
import { FIELDS } from './reply-fields.ts';
import { perType, TYPE_TAG } from './tags.ts';

type Writer = protobuf.Writer;

const VARINT = 0;
const LENGTH_DELIMITED = 2;

function writeText(writer: Writer, field: number, value: string): void {
  if (value !== '') writer.uint32((field << 3) | LENGTH_DELIMITED).string(value);
}
function writeBytes(writer: Writer, field: number, value: Uint8Array): void {
  if (value.length > 0) writer.uint32((field << 3) | LENGTH_DELIMITED).bytes(value);
}
function writeU32(writer: Writer, field: number, value: number): void {
  const fitting = u32(value);
  if (fitting !== 0) writer.uint32((field << 3) | VARINT).uint32(fitting);
}
function writeU64(writer: Writer, field: number, value: number): void {
  const fitting = u64(value);
  if (fitting !== 0) writer.uint32((field << 3) | VARINT).uint64(fitting);
}
function writeFlag(writer: Writer, field: number, value: boolean): void {
  if (value) writer.uint32((field << 3) | VARINT).bool(true);
}
/** Writes a submessage even if it is empty: clients check for its presence. */
function writeMessage<T>(writer: Writer, field: number, write: (writer: Writer, value: T) => void, value: T): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).fork();
  write(writer, value);
  writer.ldelim();
}
function writeMap<T>(
  writer: Writer,
  field: number,
  map: ReadonlyMap<string, T>,
  write: (writer: Writer, value: T) => void,
): void {
  for (const [key, value] of map) {
    writer.uint32((field << 3) | LENGTH_DELIMITED).fork();
    writeText(writer, 1, key);
    writeMessage(writer, 2, write, value);
    writer.ldelim();
  }
}

function info(writer: Writer, { user, client }: ClientInfo): void {
  writeText(writer, FIELDS.ClientInfo.user, user);
  writeText(writer, FIELDS.ClientInfo.client, client);
}

/** Encoded map entry of the tag `type`. */
const tagsOf = perType(type => {
  const writer = protobuf.Writer.create();
  writeText(writer, 1, TYPE_TAG);
  writeText(writer, 2, type);
  return writer.finish();
});

function publication(writer: Writer, { data, offset, info: sender, type }: Publication): void {
  writeBytes(writer, FIELDS.Publication.data, data);
  if (sender !== undefined) writeMessage(writer, FIELDS.Publication.info, info, sender);
  writeU64(writer, FIELDS.Publication.offset, offset);
  if (type !== undefined) writeBytes(writer, FIELDS.Publication.tags, tagsOf(type));
}

function subscribeResult(writer: Writer, result: SubscribeResult): void {
  const fields = FIELDS.SubscribeResult;
  writeFlag(writer, fields.recoverable, result.recoverable);
  writeText(writer, fields.epoch, result.epoch);
  for (const each of result.publications) writeMessage(writer, fields.publications, publication, each);
  writeFlag(writer, fields.recovered, result.recovered);
  writeU64(writer, fields.offset, result.offset);
  writeFlag(writer, fields.positioned, result.positioned);
  writeFlag(writer, fields.was_recovering, result.wasRecovering);
}

/** Writes fields 1 to 4, which ConnectResult and RefreshResult share. */
function identity(writer: Writer, reply: Extract<Reply, { readonly method: 'connect' | 'refresh' }>): void {
  const fields = FIELDS.RefreshResult;
  writeText(writer, fields.client, reply.client);
  writeText(writer, fields.version, reply.version);
  writeFlag(writer, fields.expires, reply.ttl > 0);
  writeU32(writer, fields.ttl, reply.ttl);
}

function result(writer: Writer, reply: Reply): void {
  switch (reply.method) {
    case 'connect':
      identity(writer, reply);
      writeBytes(writer, FIELDS.ConnectResult.data, reply.data);
      writeMap(writer, FIELDS.ConnectResult.subs, reply.subs, subscribeResult);
      writeU32(writer, FIELDS.ConnectResult.ping, reply.ping);
      writeFlag(writer, FIELDS.ConnectResult.pong, reply.pong);
      writeU64(writer, FIELDS.ConnectResult.time, reply.time);
      break;
    case 'subscribe':
      subscribeResult(writer, reply);
      break;
    case 'presence':
      writeMap(writer, FIELDS.PresenceResult.presence, reply.presence, info);
      break;
    case 'presence_stats':
      writeU32(writer, FIELDS.PresenceStatsResult.num_clients, reply.clients);
      writeU32(writer, FIELDS.PresenceStatsResult.num_users, reply.users);
      break;
    case 'history':
      for (const each of reply.publications) writeMessage(writer, FIELDS.HistoryResult.publications, publication, each);
      writeText(writer, FIELDS.HistoryResult.epoch, reply.epoch);
      writeU64(writer, FIELDS.HistoryResult.offset, reply.offset);
      break;
    case 'rpc':
      writeBytes(writer, FIELDS.RPCResult.data, reply.data);
      break;
    case 'refresh':
      identity(writer, reply);
      break;
    case 'unsubscribe':
    case 'publish':
    case 'sub_refresh':
      break;
  }
}

function pushBody(writer: Writer, push: Push): void {
  const fields = FIELDS.Push;
  if (push.type === 'message') return writeMessage(writer, fields.message, message, push.data);
  writeText(writer, fields.channel, push.channel);
  switch (push.type) {
    case 'publication':
      writeMessage(writer, fields.pub, publication, push.publication);
      break;
    case 'join':
    case 'leave':
      writeMessage(writer, fields[push.type], joinOrLeave, push.info);
      break;
    case 'unsubscribe':
      writeMessage(writer, fields.unsubscribe, unsubscribe, push);
      break;
  }
}

function joinOrLeave(writer: Writer, member: ClientInfo): void {
  writeMessage(writer, FIELDS.Join.info, info, member);
}

function message(writer: Writer, data: Uint8Array): void {
  writeBytes(writer, FIELDS.Message.data, data);
}

function unsubscribe(writer: Writer, { code, reason }: Extract<Push, { readonly type: 'unsubscribe' }>): void {
  writeU32(writer, FIELDS.Unsubscribe.code, code);
  writeText(writer, FIELDS.Unsubscribe.reason, reason);
}

/** Encodes one reply, preceded by its length. */
function delimited(write: (writer: Writer) => void): Uint8Array {
  const writer = protobuf.Writer.create().fork();
  write(writer);
  return writer.ldelim().finish();
}

export function encodeProtobufReply(id: number, reply: Reply): Uint8Array {
  return delimited(writer => {
    writeU32(writer, FIELDS.Reply.id, id);
    writeMessage(writer, FIELDS.Reply[reply.method], result, reply);
  });
}

export function encodeProtobufError(id: number, { code, message, temporary }: ErrorCode, detail = message): Uint8Array {
  return delimited(writer => {
    writeU32(writer, FIELDS.Reply.id, id);
    writer.uint32((FIELDS.Reply.error << 3) | LENGTH_DELIMITED).fork();
    writeU32(writer, FIELDS.Error.code, code);
    writeText(writer, FIELDS.Error.message, detail);
    writeFlag(writer, FIELDS.Error.temporary, temporary === true);
    writer.ldelim();
  });
}

export function encodeProtobufPush(push: Push): Uint8Array {
  return delimited(writer => writeMessage(writer, FIELDS.Reply.push, pushBody, push));
}
