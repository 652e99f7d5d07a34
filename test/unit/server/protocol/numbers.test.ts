import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import type { Codec, Publication, Reply } from '../../../../server/protocol/codec.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { protobufCodec } from '../../../../server/protocol/protobuf.ts';

const source = readFileSync(new URL('../../../../server/protocol/client.proto', import.meta.url), 'utf8');
const { root } = protobuf.parse(source, { keepCase: true });
const ReplyType = root.lookupType('Reply');

/** A frame as the client reads it, in either encoding. */
function read(codec: Codec, frame: string | Uint8Array): Record<string, unknown> {
  if (codec.encoding === 'json') return JSON.parse(String(frame)) as Record<string, unknown>;
  return ReplyType.toObject(ReplyType.decodeDelimited(frame as Uint8Array), {
    longs: Number,
    bytes: String,
    defaults: false,
  });
}
const U32 = 2 ** 32 - 1;
const publication = (offset: number): Publication => ({ data: Buffer.from('1'), offset });

for (const codec of [jsonCodec, protobufCodec]) {
  for (const { given, u32, u64 } of [
    { given: 2 ** 32, u32: U32, u64: 2 ** 32 },
    { given: 2 ** 53 + 2, u32: U32, u64: Number.MAX_SAFE_INTEGER },
    { given: 1e300, u32: U32, u64: Number.MAX_SAFE_INTEGER },
    { given: Number.POSITIVE_INFINITY, u32: U32, u64: Number.MAX_SAFE_INTEGER },
    { given: Number.NaN, u32: 0, u64: 0 },
    { given: -1, u32: 0, u64: 0 },
    { given: 1.5, u32: 1, u64: 1 },
  ]) {
    test(`${codec.encoding}: ${given} is written as what its field can hold`, () => {
      const reply = (value: Reply) => read(codec, codec.reply(1, value))[value.method] as Record<string, unknown>;
      const zero = (value: unknown) => value ?? 0; // both leave a zero out
      const refresh = reply({ method: 'refresh', client: 'c', version: '1', ttl: given });
      assert.deepEqual([zero(refresh['ttl']), refresh['expires'] === true], [u32, given > 0]);
      const stats = reply({ method: 'presence_stats', clients: given, users: given });
      assert.deepEqual([zero(stats['num_clients']), zero(stats['num_users'])], [u32, u32]);
      const history = reply({ method: 'history', epoch: 'e', offset: given, publications: [publication(given)] });
      const [first] = history['publications'] as { readonly offset?: number }[];
      assert.deepEqual([zero(history['offset']), zero(first?.offset)], [u64, u64]);
      const push = read(codec, codec.push({ type: 'publication', channel: 'a:b', publication: publication(given) }));
      assert.deepEqual(zero((push['push'] as { pub: { offset?: number } }).pub.offset), u64);
      const { error } = read(codec, codec.error(given, { code: given, message: 'm' })) as { error: { code?: number } };
      assert.equal(zero(error.code), u32);
    });
  }
}
