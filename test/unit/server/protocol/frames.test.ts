import assert from 'node:assert/strict';
import { test } from 'node:test';
import protobuf from 'protobufjs/minimal.js';
import { BadFrame, type Codec } from '../../../../server/protocol/codec.ts';
import { COMMANDS_PER_FRAME } from '../../../../server/protocol/command.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { protobufCodec } from '../../../../server/protocol/protobuf.ts';
import { METHODS } from '../../../../server/protocol/schema.ts';
import { integer, pick, seeded } from '../../../../tools/support/random.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

const badJson: readonly (readonly [what: string, frame: string | Buffer])[] = [
  ['an empty frame', ''],
  ['a newline alone', '\n'],
  ['a blank line between commands', '{}\n\n{}'],
  ['two newlines at the end', '{}\n\n'],
  ['an object over two lines', '{"id":1,\n"publish":{}}'],
  ['two objects on one line', '{}{}'],
  ['text that is not JSON', 'hello'],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['a byte order mark', '\ufeff{}'],
  ['an array', '[]'],
  ['a number', '1'],
  ['null', 'null'],
  ['an unknown command', '{"id":1,"shout":{}}'],
  ['an unknown command without id', '{"shout":{}}'],
  ['an id alone', '{"id":1}'],
  ['a ping command', '{"id":1,"ping":{}}'],
  ['a command without id', '{"subscribe":{"channel":"a"}}'],
  ['the id 0', '{"id":0,"subscribe":{"channel":"a"}}'],
  ['an id above 32 bits', '{"id":4294967296,"subscribe":{"channel":"a"}}'],
  ['a negative id', '{"id":-1,"subscribe":{"channel":"a"}}'],
  ['a broken id', '{"id":1.5,"subscribe":{"channel":"a"}}'],
  ['an id that is a string', '{"id":"1","subscribe":{"channel":"a"}}'],
  ['a request that is not an object', '{"id":1,"subscribe":"a"}'],
  ['a channel that is no string', '{"id":1,"subscribe":{"channel":1}}'],
  ['an offset that is a string', '{"id":1,"subscribe":{"channel":"a","offset":"1"}}'],
  ['a negative offset', '{"id":1,"subscribe":{"channel":"a","offset":-1}}'],
  ['an offset above 64 bits', '{"id":1,"subscribe":{"channel":"a","offset":1e20}}'],
  ['a limit above 32 bits', '{"id":1,"history":{"channel":"a","limit":2147483648}}'],
  ['a flag that is no boolean', '{"id":1,"subscribe":{"channel":"a","recover":1}}'],
  ['an unknown delta', '{"id":1,"subscribe":{"channel":"a","delta":"xdelta"}}'],
  ['a list for the resumed subscriptions', '{"id":1,"connect":{"subs":[]}}'],
  ['a carriage return in the data', '{"id":1,"publish":{"channel":"a","data":[1,\r2]}}'],
  ['more commands than a frame may have', '{}\n'.repeat(COMMANDS_PER_FRAME + 1)],
];
for (const [what, frame] of badJson) {
  test(`JSON: ${what} is a bad frame`, () => {
    assert.throws(() => jsonCodec.decode(typeof frame === 'string' ? bytes(frame) : frame), BadFrame);
  });
}

const badProtobuf: readonly (readonly [what: string, frame: Buffer])[] = [
  ['an empty frame', Buffer.alloc(0)],
  ['a length that passes the end', hex('05 0801')],
  ['a length without end', hex('ffffffffffffffffffffff')],
  ['a field that passes the end of its message', hex('06 0801 2a05 0a01 61 7001')],
  ['an id alone', hex('02 0801')],
  ['a ping command', hex('04 0801 5a00')],
  ['an unknown command', hex('05 0801 a20600')],
  ['a command without id', hex('05 2a03 0a0161')],
  ['an id above 32 bits', hex('0b 088080808010 2a03 0a0161')],
  ['an unknown delta', hex('0a 0801 2a06 0a0161 620178')],
  ['an end of group without start', hex('03 0801 0c')],
  ['field number 0', hex('04 0801 0200')],
  ['groups nested a thousand times', Buffer.concat([hex('e907 08'), Buffer.alloc(1000, 0x0b)])],
  ['more commands than a frame may have', Buffer.alloc(COMMANDS_PER_FRAME + 1)],
];
for (const [what, frame] of badProtobuf) {
  test(`Protobuf: ${what} is a bad frame`, () => {
    assert.throws(() => protobufCodec.decode(frame), BadFrame);
  });
}

for (const [codec, frame] of [
  [jsonCodec, bytes('{"id":1,"subscribe":{"channel":"channel:\\ud83d","epoch":"\\ud83d"}}')],
  [protobufCodec, hex('14 0801 2a10 0a0b 6368616e6e656c3aeda0bd 3201ff')],
] as const) {
  test(`${codec.encoding}: text that is no Unicode leaves the frame good and is no well-formed text`, () => {
    const [command] = codec.decode(frame);
    assert.ok(command?.method === 'subscribe');
    assert.deepEqual([command.channel.isWellFormed(), command.position.epoch.isWellFormed()], [false, false]);
  });
}

test('one trailing newline, with or without carriage return, is fine', () => {
  for (const frame of ['{}\n', '{}\r\n', '{}\r\n{}\r\n']) {
    assert.deepEqual(new Set(jsonCodec.decode(bytes(frame)).map(({ method }) => method)), new Set(['pong']));
  }
});

test('a frame may have as many commands as the largest client subscribes to, and connect', () => {
  assert.equal(jsonCodec.decode(bytes('{}\n'.repeat(COMMANDS_PER_FRAME))).length, COMMANDS_PER_FRAME);
  assert.equal(protobufCodec.decode(Buffer.alloc(COMMANDS_PER_FRAME)).length, COMMANDS_PER_FRAME);
});

test('the largest id is fine', () => {
  const id = 2 ** 32 - 1;
  const [json] = jsonCodec.decode(bytes(`{"id":${id},"presence":{"channel":"a"}}`));
  const [protobufCommand] = protobufCodec.decode(hex('0b 08ffffffff0f 4203 0a0161'));
  assert.deepEqual(json, { method: 'presence', id, channel: 'a' });
  assert.deepEqual(protobufCommand, json);
});

test('unknown fields are ignored, and null counts as absent', () => {
  const [json] = jsonCodec.decode(bytes('{"id":1,"connect":null,"presence":{"channel":"a","x":{"y":[1]}},"z":"\\n"}'));
  assert.deepEqual(json, { method: 'presence', id: 1, channel: 'a' });
  const [protobufCommand] = protobufCodec.decode(hex('0e 0801 a2060141 4206 0a0161 f80101'));
  assert.deepEqual(protobufCommand, json);
});

test('of two requests in one command the one with the lower number counts', () => {
  const [json] = jsonCodec.decode(bytes('{"id":1,"rpc":{"method":"x"},"unsubscribe":{"channel":"a"}}'));
  assert.deepEqual(json, { method: 'unsubscribe', id: 1, channel: 'a' });
  const [protobufCommand] = protobufCodec.decode(hex('0c 0801 6a03 120178 3203 0a0161'));
  assert.deepEqual(protobufCommand, json);
});

for (const raw of ['{"a" : 1}', '12345678901234567890.10', 'null', '""', '"\\u0061\\ud800"', '[ ]', '"\u2028é"']) {
  test(`published data ${JSON.stringify(raw)} stays as it was written`, () => {
    const commands = jsonCodec.decode(
      bytes(
        `{"id":1,"publish":{"channel":"a","data": ${raw} }}\n{"send":{"data":${raw}}}\n{"id":2,"rpc":{"data":${raw}}}`,
      ),
    );
    const found = commands.map(command => ('data' in command && command.data ? Buffer.from(command.data) : null));
    assert.deepEqual(found, [bytes(raw), bytes(raw), bytes(raw)]);
  });
}

test('data that is missing is null in both encodings', () => {
  assert.deepEqual(jsonCodec.decode(bytes('{"id":1,"publish":{"channel":"a"}}')), [
    { method: 'publish', id: 1, channel: 'a', data: null },
  ]);
  assert.deepEqual(protobufCodec.decode(hex('07 0801 3a03 0a0161')), [
    { method: 'publish', id: 1, channel: 'a', data: null },
  ]);
});

test('a room may be called __proto__ and harms nothing', () => {
  const [connect] = jsonCodec.decode(
    bytes('{"id":1,"__proto__":{"subscribe":{"channel":"x"}},"connect":{"subs":{"__proto__":{"recover":true}}}}'),
  );
  assert.ok(connect?.method === 'connect');
  assert.deepEqual([...connect.subs], [['__proto__', { recover: true, offset: 0, epoch: '' }]]);
  const entry = hex('0a09 5f5f70726f746f5f5f 1202 1801');
  const writer = protobuf.Writer.create().fork().uint32(8).uint32(1).uint32(34).fork().uint32(26).bytes(entry);
  const [same] = protobufCodec.decode(writer.ldelim().ldelim().finish());
  assert.deepEqual(same, connect);
  const presence = new Map([['__proto__', { user: 'u', client: '__proto__' }]]);
  assert.equal(
    jsonCodec.reply(1, { method: 'presence', presence }),
    '{"id":1,"presence":{"presence":{"__proto__":{"user":"u","client":"__proto__"}}}}',
  );
});

test('numbers that JavaScript cannot hold end at the largest exact one', () => {
  const [json] = jsonCodec.decode(bytes('{"id":1,"subscribe":{"channel":"a","offset":18446744073709551615}}'));
  const [protobufCommand] = protobufCodec.decode(hex('12 0801 2a0e 0a0161 38ffffffffffffffffff01'));
  assert.ok(json?.method === 'subscribe');
  assert.equal(json.position.offset, Number.MAX_SAFE_INTEGER);
  assert.deepEqual(protobufCommand, json);
});

const SEEDS: readonly (readonly [Codec, Uint8Array])[] = [
  [
    jsonCodec,
    bytes(
      '{"id":1,"connect":{"token":"t","subs":{"user:a":{"recover":true,"offset":7,"epoch":"e"}}}}\n{"id":2,"publish":{"channel":"a","data":{"a" : [1,"\\"}"]}}}\n{"id":3,"history":{"channel":"a","limit":-1,"since":{"offset":1,"epoch":"e"}}}\n{"send":{"data":null}}',
    ),
  ],
  [
    protobufCodec,
    hex(
      '08 0801 2204 2202 6a73 09 0802 2a05 0a01 61 7001 0c 0803 3a08 0a0161 12037b7d20 19 0804 5215 0a0172 38ffffffffffffffffff01 4205 0807 120165 00',
    ),
  ],
];

for (const [codec, seed] of SEEDS) {
  test(`20,000 damaged ${codec.encoding} frames are decoded or refused, never anything else`, () => {
    const random = seeded(7);
    let refused = 0;
    for (let i = 0; i < 20_000; i++) {
      const frame = Uint8Array.from(seed);
      for (let n = integer(random, 4); n >= 0; n--) frame[integer(random, frame.length)] = integer(random, 256);
      const cut = frame.subarray(0, pick(random, [frame.length, integer(random, frame.length)]));
      try {
        for (const command of codec.decode(cut))
          assert.ok(command.method === 'pong' || METHODS.includes(command.method));
      } catch (error) {
        if (!(error instanceof BadFrame)) throw error;
        refused++;
      }
    }
    assert.ok(refused > 5_000 && refused < 20_000, `${refused} refused`);
  });
}

test('the sizes of the commands of a frame are those of its lines, and of what follows each length', () => {
  const lines = ['{"id":1,"unsubscribe":{"channel":"é"}}', '{}', '{"id":2,"unsubscribe":{"channel":"a"}}'];
  const sizes = lines.map(line => Buffer.byteLength(line));
  assert.deepEqual(jsonCodec.sizes(bytes(lines.join('\n'))), sizes);
  assert.deepEqual(jsonCodec.sizes(bytes(`${lines.join('\n')}\n`)), [...sizes, 0]);
  assert.equal(jsonCodec.decode(bytes(`${lines.join('\n')}\n`)).length, 3);
  const frame = hex('07 0801 3203 0a0161 00 07 0802 3203 0a0161');
  assert.equal(protobufCodec.decode(frame).length, 3);
  assert.deepEqual(protobufCodec.sizes(frame), [7, 0, 7]);
});
