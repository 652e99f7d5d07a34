import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { BadFrame, type Codec } from '../../../../server/protocol/codec.ts';
import { CLOSES } from '../../../../server/protocol/codes.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { protobufCodec } from '../../../../server/protocol/protobuf.ts';
import { tokenFor } from '../../../../tools/support/token.ts';
import { JSON_FRAMES, PROTOBUF_FRAMES, protobufFrame } from '../../../support/chat/frame-corpus.ts';
import { TestGateway } from '../../../support/chat/test-gateway.ts';
import { fuzz, mutated } from '../../../support/fuzz/fuzz.ts';

const CODES = new Set<number>(Object.values(CLOSES).map(({ code }) => code));
const token = await tokenFor('alice');
const failures: unknown[] = [];
process.on('unhandledRejection', error => failures.push(error));
after(() => assert.deepEqual(failures, []));

test('the frames that are changed are read as they are', () => {
  for (const frame of JSON_FRAMES) assert.ok(jsonCodec.decode(frame).length > 0);
  for (const frame of PROTOBUF_FRAMES) assert.ok(protobufCodec.decode(frame).length > 0);
});

const decoding: readonly (readonly [string, Codec, readonly Uint8Array[]])[] = [
  ['JSON', jsonCodec, JSON_FRAMES],
  ['Protobuf', protobufCodec, PROTOBUF_FRAMES],
];
for (const [name, codec, corpus] of decoding)
  fuzz(`a ${name} frame is read, or is a bad frame`, [1, 2, 3], 1_500, random => {
    const frame = mutated(random, corpus);
    try {
      for (const command of codec.decode(frame)) assert.equal(typeof command.method, 'string');
    } catch (error) {
      assert.ok(error instanceof BadFrame, `${Buffer.from(frame).toString('hex')}: ${error}`);
    }
  });

const connect = {
  json: Buffer.from(JSON.stringify({ id: 1, connect: { token } })),
  protobuf: protobufFrame({ id: 1, connect: { token } }),
};

for (const [encoding, corpus] of [
  ['json', JSON_FRAMES],
  ['protobuf', PROTOBUF_FRAMES],
] as const)
  fuzz(`a ${encoding} connection answers, or is closed with a code of the catalogue`, [1, 2], 60, async random => {
    const gateway = new TestGateway();
    const client = gateway.open(encoding);
    client.sayRaw(connect[encoding]);
    for (let frame = 0; frame < 12 && !client.closed; frame++) {
      client.sayRaw(mutated(random, corpus));
      await turn();
    }
    for (let settled = 0; settled < 20; settled++) await turn();
    const { closed, heard } = client;
    if (closed) assert.ok(CODES.has(closed.code), `${closed.code}`);
    for (const said of heard) assert.equal(typeof said, 'object');
    assert.ok(gateway.rooms.size <= 12 * corpus.length + 1, `${gateway.rooms.size} rooms`);
    if (!closed) client.hangUp();
    assert.equal(gateway.rooms.subscriptions(), 0, 'nothing is left behind');
    assert.equal(gateway.hub.sessions.size, 0);
  });
