import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MsgHdrsImpl } from '@nats-io/transport-node';
import { MAX_USER_BYTES } from '../../../../server/access/names.ts';
import { writeEnvelope } from '../../../../server/bus/envelope.ts';
import { ENVELOPE_MOST_BYTES, mostBodyBytes } from '../../../../server/bus/payload-limit.ts';
import { MOST_STATE_BYTES } from '../../../../server/fold/state-bytes.ts';
import { payloadCheck } from '../../../../server/gateway/payload-check.ts';

test('the longest envelope fits into what is kept free for it', () => {
  const envelope = writeEnvelope({
    type: 'message',
    id: crypto.randomUUID(),
    dedupe: 'x'.repeat(43),
    time: Number.MAX_SAFE_INTEGER,
    user: '\u{ffff}'.repeat(Math.floor(MAX_USER_BYTES / 3)),
    client: crypto.randomUUID(),
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    cv: Number.MAX_SAFE_INTEGER,
    seen: Number.MAX_SAFE_INTEGER,
    targets: [Number.MAX_SAFE_INTEGER],
  });
  const { byteLength } = (envelope as MsgHdrsImpl).encode();
  assert.ok(byteLength > 1_000 && byteLength <= ENVELOPE_MOST_BYTES, `${byteLength}`);
});

test('what NATS takes is its max_payload less the envelope, as the server connected now says', () => {
  const connection = { info: { max_payload: 8_192 } } as Parameters<typeof mostBodyBytes>[0];
  assert.equal(mostBodyBytes(connection), 8_192 - ENVELOPE_MOST_BYTES);
  assert.equal(mostBodyBytes({}), Number.POSITIVE_INFINITY);
});

test('an option above what NATS takes is warned of once for each pair of numbers, with both', () => {
  const warned: unknown[] = [];
  const limits = { maxMessageBytes: 3_000_000 };
  let most = 4_000_000;
  const check = payloadCheck(limits, () => most, { warn: (facts: unknown) => void warned.push(facts) });
  const twice = () => [check(), check()];
  twice();
  most = 2_000_000; // another server after a reconnect
  twice();
  limits.maxMessageBytes = 2_500_000; // a reloadable option
  twice();
  most = 2_500_000;
  twice();
  assert.deepEqual(warned, [
    { maxMessageBytes: 3_000_000, natsTakesBytes: 2_000_000 },
    { maxMessageBytes: 2_500_000, natsTakesBytes: 2_000_000 },
  ]);
});

test('a server that takes less than the state of a room may need is warned of once', () => {
  const warned: unknown[] = [];
  let most = MOST_STATE_BYTES;
  const check = payloadCheck({ maxMessageBytes: 1_000 }, () => most, {
    warn: (facts: unknown) => void warned.push(facts),
  });
  check();
  most -= 1;
  check();
  check();
  assert.deepEqual(warned, [{ mostStateBytes: MOST_STATE_BYTES, natsTakesBytes: MOST_STATE_BYTES - 1 }]);
});
