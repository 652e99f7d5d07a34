import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const ID = '01920000-0000-7000-8000-000000000000';

/** A command of each kind, and of the forms that differ in how they are read, in the protocol's JSON. */
export const COMMANDS: readonly object[] = [
  {
    connect: { token: 'a.b.c', name: 'js', version: '1', subs: { 'user:a': { recover: true, offset: 3, epoch: 'e' } } },
  },
  { subscribe: { channel: 'channel:a', recover: true, offset: 1, epoch: 'e', join_leave: true, flag: 3 } },
  { subscribe: { channel: 'channel:b', token: 't', delta: 'fossil', tf: {}, type: 1 } },
  { unsubscribe: { channel: 'channel:a' } },
  { publish: { channel: 'channel:a', data: { text: 'hello', n: [1, 2.5, null, true] } } },
  { presence: { channel: 'channel:a' } },
  { presence_stats: { channel: 'channel:a' } },
  { history: { channel: 'channel:a', limit: -1, since: { offset: 2, epoch: 'e' }, reverse: true } },
  { rpc: { method: 'message.send', data: { room: 'channel:a', id: ID, text: 'hello 😀' } } },
  { rpc: { method: 'message.send', data: { room: 'channel:a', id: 7, text: '' } } },
  { refresh: { token: 'a.b.c' } },
  { sub_refresh: { channel: 'channel:a', token: 't' } },
  { send: { data: { x: 1 } } },
];

export const JSON_FRAMES: readonly Uint8Array[] = [
  ...COMMANDS.map((command, index) => Buffer.from(JSON.stringify({ id: index + 2, ...command }))),
  Buffer.from(COMMANDS.map((command, index) => JSON.stringify({ id: index + 2, ...command })).join('\n')),
  Buffer.from('{}'),
];

const schema = readFileSync(new URL('../../../server/protocol/client.proto', import.meta.url), 'utf8');
const Command = protobuf.parse(schema, { keepCase: true }).root.lookupType('Command');

/** A command in Protobuf: `data` becomes bytes of JSON. */
export function protobufFrame(command: object): Uint8Array {
  return Command.encodeDelimited(Command.fromObject(withBytes(command))).finish();
}

export const PROTOBUF_FRAMES: readonly Uint8Array[] = [
  ...COMMANDS.map((command, index) => protobufFrame({ id: index + 2, ...command })),
  Uint8Array.of(0),
];

function withBytes(command: object): object {
  return Object.fromEntries(
    Object.entries(command).map(([method, request]) => {
      if (method === 'id') return [method, request];
      const { data, ...rest } = request as { data?: unknown };
      return [method, data === undefined ? rest : { ...rest, data: Buffer.from(JSON.stringify(data)) }];
    }),
  );
}
