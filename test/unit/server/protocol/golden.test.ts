import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Codec, Command, Push, Reply } from '../../../../server/protocol/codec.ts';
import { ERRORS } from '../../../../server/protocol/codes.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { protobufCodec } from '../../../../server/protocol/protobuf.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

const subscribeA: Command = {
  method: 'subscribe',
  id: 2,
  channel: 'a',
  token: '',
  recover: false,
  position: { offset: 0, epoch: '' },
  joinLeave: false,
  flag: 1,
  type: 0,
  filtered: false,
};
const connectJs: Command = { method: 'connect', id: 1, token: '', name: 'js', version: '', subs: new Map() };

const received: readonly { readonly what: string; codec: Codec; frame: Uint8Array; commands: readonly Command[] }[] = [
  {
    what: 'connect and subscribe of the JSON SDK in one frame',
    codec: jsonCodec,
    frame: bytes('{"connect":{"name":"js"},"id":1}\n{"subscribe":{"channel":"a","flag":1},"id":2}'),
    commands: [connectJs, subscribeA],
  },
  {
    what: 'connect and subscribe of the Protobuf SDK in one frame',
    codec: protobufCodec,
    frame: hex('08 0801 2204 2202 6a73 09 0802 2a05 0a01 61 7001'),
    commands: [connectJs, subscribeA],
  },
  { what: 'a JSON pong', codec: jsonCodec, frame: bytes('{}'), commands: [{ method: 'pong' }] },
  { what: 'a Protobuf pong', codec: protobufCodec, frame: hex('00'), commands: [{ method: 'pong' }] },
  {
    what: 'a JSON subscribe that recovers',
    codec: jsonCodec,
    frame: bytes(
      '{"id":3,"subscribe":{"channel":"r","recover":true,"offset":9007199254740991,"epoch":"e","join_leave":true,"delta":"fossil"}}\n',
    ),
    commands: [
      {
        ...subscribeA,
        id: 3,
        channel: 'r',
        flag: 0,
        recover: true,
        position: { offset: Number.MAX_SAFE_INTEGER, epoch: 'e' },
        joinLeave: true,
      },
    ],
  },
  {
    what: 'a Protobuf history request',
    codec: protobufCodec,
    frame: hex('19 0804 5215 0a0172 38ffffffffffffffffff01 4205 0807 120165'),
    commands: [{ method: 'history', id: 4, channel: 'r', limit: -1, since: { offset: 7, epoch: 'e' }, reverse: false }],
  },
];

for (const { what, codec, frame, commands } of received) {
  test(`${what} is understood`, () => {
    const decoded = codec.decode(frame);
    frame.fill(0xff);
    assert.deepEqual(decoded, commands);
  });
}

const pub = { data: bytes('{"a":1}'), offset: 0 };
const empty = {
  recoverable: false,
  positioned: false,
  epoch: '',
  offset: 0,
  wasRecovering: false,
  recovered: false,
  publications: [],
};

const replies: readonly { readonly what: string; reply: Reply; json: string; protobuf: string }[] = [
  {
    what: 'an empty subscribe result',
    reply: { method: 'subscribe', ...empty },
    json: '{"id":2,"subscribe":{}}',
    protobuf: '04 0802 3200',
  },
  {
    what: 'an unsubscribe result',
    reply: { method: 'unsubscribe' },
    json: '{"id":2,"unsubscribe":{}}',
    protobuf: '04 0802 3a00',
  },
  { what: 'a publish result', reply: { method: 'publish' }, json: '{"id":2,"publish":{}}', protobuf: '04 0802 4200' },
  {
    what: 'the history of an empty room',
    reply: { method: 'history', publications: [], epoch: '', offset: 0 },
    json: '{"id":2,"history":{"publications":[],"epoch":"","offset":0}}',
    protobuf: '04 0802 5a00',
  },
  {
    what: 'the history of a room with each type of message, one of a newer version and one without',
    reply: {
      method: 'history',
      publications: [{ ...pub, type: 'message' }, { ...pub, type: 'publish' }, { ...pub, type: 'a "new" one' }, pub],
      epoch: 'e',
      offset: 9,
    },
    json: '{"id":2,"history":{"publications":[{"data":{"a":1},"tags":{"type":"message"}},{"data":{"a":1},"tags":{"type":"publish"}},{"data":{"a":1},"tags":{"type":"a \\"new\\" one"}},{"data":{"a":1}}],"epoch":"e","offset":9}}',
    protobuf:
      '6c 0802 5a68 0a1a 22077b2261223a317d 3a0f 0a0474797065 12076d657373616765' +
      ' 0a1a 22077b2261223a317d 3a0f 0a0474797065 12077075626c697368' +
      ' 0a1e 22077b2261223a317d 3a13 0a0474797065 120b6120226e657722206f6e65' +
      ' 0a09 22077b2261223a317d 120165 1809',
  },
  {
    what: 'the presence of an empty room',
    reply: { method: 'presence', presence: new Map() },
    json: '{"id":2,"presence":{"presence":{}}}',
    protobuf: '04 0802 4a00',
  },
  {
    what: 'the presence statistics of an empty room',
    reply: { method: 'presence_stats', clients: 0, users: 0 },
    json: '{"id":2,"presence_stats":{"num_clients":0,"num_users":0}}',
    protobuf: '04 0802 5200',
  },
  {
    what: 'a recovered subscription',
    reply: {
      method: 'subscribe',
      ...empty,
      recoverable: true,
      positioned: true,
      epoch: 'e',
      offset: 5,
      wasRecovering: true,
      recovered: true,
      publications: [{ data: bytes('{"a" : 1}'), offset: 6, info: { user: '', client: 'c' } }],
    },
    json: '{"id":2,"subscribe":{"recoverable":true,"epoch":"e","publications":[{"data":{"a" : 1},"info":{"user":"","client":"c"},"offset":6}],"recovered":true,"offset":5,"positioned":true,"was_recovering":true}}',
    protobuf: '25 0802 3221 1801 320165 3a12 2209 7b226122203a20317d 2a03 120163 3006 4001 4805 5001 6001',
  },
  {
    what: 'a connect result',
    reply: {
      method: 'connect',
      client: 'c',
      version: '1',
      ttl: 60,
      ping: 25,
      pong: true,
      time: 300,
      data: bytes('{}'),
      subs: new Map([['user:a', { ...empty, recoverable: true, epoch: 'e', offset: 300 }]]),
    },
    json: '{"id":2,"connect":{"client":"c","version":"1","expires":true,"ttl":60,"data":{},"subs":{"user:a":{"recoverable":true,"epoch":"e","offset":300}},"ping":25,"pong":true,"time":300}}',
    protobuf:
      '2d 0802 2a29 0a0163 120131 1801 203c 2a027b7d 3212 0a06757365723a61 1208 1801 320165 48ac02 3819 4001 58ac02',
  },
  {
    what: 'an rpc result',
    reply: { method: 'rpc', data: bytes('null') },
    json: '{"id":2,"rpc":{"data":null}}',
    protobuf: '0a 0802 6a06 0a046e756c6c',
  },
  {
    what: 'a refresh of a token without expiry',
    reply: { method: 'refresh', client: 'c', version: '1', ttl: 0 },
    json: '{"id":2,"refresh":{"client":"c","version":"1"}}',
    protobuf: '0a 0802 7206 0a0163 120131',
  },
  {
    what: 'a sub_refresh result',
    reply: { method: 'sub_refresh' },
    json: '{"id":2,"sub_refresh":{}}',
    protobuf: '04 0802 7a00',
  },
];

for (const { what, reply, json, protobuf } of replies) {
  test(`${what} has exactly the protocol's bytes`, () => {
    assert.equal(jsonCodec.reply(2, reply), json);
    assert.equal(Buffer.from(protobufCodec.reply(2, reply)).toString('hex'), protobuf.replaceAll(' ', ''));
  });
}

const pushes: readonly { readonly what: string; push: Push; json: string; protobuf: string }[] = [
  {
    what: 'a publication',
    push: { type: 'publication', channel: 'plain', publication: pub },
    json: '{"push":{"channel":"plain","pub":{"data":{"a":1}}}}',
    protobuf: '14 2212 1205706c61696e 2209 22077b2261223a317d',
  },
  {
    what: 'a join',
    push: { type: 'join', channel: 'r', info: { user: 'u', client: 'c' } },
    json: '{"push":{"channel":"r","join":{"info":{"user":"u","client":"c"}}}}',
    protobuf: '0f 220d 120172 2a08 0a06 0a0175 120163',
  },
  {
    what: 'a leave',
    push: { type: 'leave', channel: 'r', info: { user: 'u', client: 'c' } },
    json: '{"push":{"channel":"r","leave":{"info":{"user":"u","client":"c"}}}}',
    protobuf: '0f 220d 120172 3208 0a06 0a0175 120163',
  },
  {
    what: 'an unsubscribe push',
    push: { type: 'unsubscribe', channel: 'r"\n', code: 2500, reason: 'x' },
    json: '{"push":{"channel":"r\\"\\n","unsubscribe":{"code":2500,"reason":"x"}}}',
    protobuf: '0f 220d 120372220a 3a06 10c413 1a0178',
  },
];

for (const { what, push, json, protobuf } of pushes) {
  test(`${what} has exactly the protocol's bytes`, () => {
    assert.equal(jsonCodec.push(push), json);
    assert.equal(Buffer.from(protobufCodec.push(push)).toString('hex'), protobuf.replaceAll(' ', ''));
  });
}

test('an error carries the id, the code and, where the same command may succeed later, temporary', () => {
  assert.equal(jsonCodec.error(3, ERRORS.unknownChannel), '{"id":3,"error":{"code":102,"message":"unknown channel"}}');
  assert.equal(
    Buffer.from(protobufCodec.error(3, ERRORS.unknownChannel)).toString('hex'),
    '17080312130866120f756e6b6e6f776e206368616e6e656c',
  );
  assert.equal(
    jsonCodec.error(3, ERRORS.tooManyRequests, 'slow mode'),
    '{"id":3,"error":{"code":111,"message":"slow mode","temporary":true}}',
  );
  assert.equal(
    Buffer.from(protobufCodec.error(3, ERRORS.tooManyRequests, 'x')).toString('hex'),
    '0b08031207086f1201781801',
  );
});

test('a ping is the empty reply', () => {
  assert.equal(jsonCodec.ping, '{}');
  assert.deepEqual(protobufCodec.ping, Uint8Array.of(0));
});
