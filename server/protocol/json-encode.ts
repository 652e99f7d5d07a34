import type { ClientInfo, Publication, Push, Reply, SubscribeResult } from './codec.ts';
import type { ErrorCode } from './codes.ts';
import { u32, u64 } from './numbers.ts';
import { perType, TYPE_TAG } from './tags.ts';

const quote = (text: string): string => JSON.stringify(text);

function splice(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
}

/** JSON object of encoded members, in order. `undefined` is a zero value, which the protocol leaves out. */
function object(...members: readonly (string | undefined)[]): string {
  return `{${members.filter(member => member !== undefined).join(',')}}`;
}
const text = (name: string, value: string) => (value === '' ? undefined : `"${name}":${quote(value)}`);
const number = (name: string, value: number) => (value === 0 ? undefined : `"${name}":${value}`);
const flag = (name: string, value: boolean) => (value ? `"${name}":true` : undefined);
const raw = (name: string, value: Uint8Array) => (value.length === 0 ? undefined : `"${name}":${splice(value)}`);

/** Writes `user` and `client` even if they are empty. */
function info({ user, client }: ClientInfo): string {
  return `{"user":${quote(user)},"client":${quote(client)}}`;
}

const tagsOf = perType(type => `,"tags":{"${TYPE_TAG}":${quote(type)}}`);

function publication({ data, offset, info: sender, type }: Publication): string {
  const from = sender === undefined ? '' : `,"info":${info(sender)}`;
  const at = u64(offset);
  return `{"data":${splice(data)}${from}${at === 0 ? '' : `,"offset":${at}`}${type === undefined ? '' : tagsOf(type)}}`;
}

function list(publications: readonly Publication[]): string {
  return `"publications":[${publications.map(publication).join(',')}]`;
}

function mapOf<V>(map: ReadonlyMap<string, V>, encode: (value: V) => string): string {
  return `{${[...map].map(([key, value]) => `${quote(key)}:${encode(value)}`).join(',')}}`;
}

function subscribeResult(result: SubscribeResult): string {
  return object(
    flag('recoverable', result.recoverable),
    text('epoch', result.epoch),
    result.publications.length === 0 ? undefined : list(result.publications),
    flag('recovered', result.recovered),
    number('offset', u64(result.offset)),
    flag('positioned', result.positioned),
    flag('was_recovering', result.wasRecovering),
  );
}

function result(reply: Reply): string {
  switch (reply.method) {
    case 'connect':
      return object(
        text('client', reply.client),
        text('version', reply.version),
        flag('expires', reply.ttl > 0),
        number('ttl', u32(reply.ttl)),
        raw('data', reply.data),
        reply.subs.size === 0 ? undefined : `"subs":${mapOf(reply.subs, subscribeResult)}`,
        number('ping', u32(reply.ping)),
        flag('pong', reply.pong),
        number('time', u64(reply.time)),
      );
    case 'subscribe':
      return subscribeResult(reply);
    case 'presence':
      return `{"presence":${mapOf(reply.presence, info)}}`;
    case 'presence_stats':
      return `{"num_clients":${u32(reply.clients)},"num_users":${u32(reply.users)}}`;
    case 'history':
      return `{${list(reply.publications)},"epoch":${quote(reply.epoch)},"offset":${u64(reply.offset)}}`;
    case 'rpc':
      return object(raw('data', reply.data));
    case 'refresh':
      return object(
        text('client', reply.client),
        text('version', reply.version),
        flag('expires', reply.ttl > 0),
        number('ttl', u32(reply.ttl)),
      );
    case 'unsubscribe':
    case 'publish':
    case 'sub_refresh':
      return '{}';
  }
}

export function encodeJsonReply(id: number, reply: Reply): string {
  return `{"id":${u32(id)},"${reply.method}":${result(reply)}}`;
}

export function encodeJsonError(id: number, { code, message, temporary }: ErrorCode, detail = message): string {
  return `{"id":${u32(id)},"error":${object(number('code', u32(code)), text('message', detail), flag('temporary', temporary === true))}}`;
}

export function encodeJsonPush(push: Push): string {
  if (push.type === 'message') return `{"push":{"message":${object(raw('data', push.data))}}}`;
  const channel = quote(push.channel);
  switch (push.type) {
    case 'publication':
      return `{"push":{"channel":${channel},"pub":${publication(push.publication)}}}`;
    case 'join':
    case 'leave':
      return `{"push":{"channel":${channel},"${push.type}":{"info":${info(push.info)}}}}`;
    case 'unsubscribe':
      return `{"push":{"channel":${channel},"unsubscribe":{"code":${u32(push.code)},"reason":${quote(push.reason)}}}}`;
  }
}
