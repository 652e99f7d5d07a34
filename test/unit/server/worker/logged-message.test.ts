import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Delivery, deliveryInfo } from '../../../../server/bus/delivery.ts';
import { writeEnvelope } from '../../../../server/bus/envelope.ts';
import { names as namesOf } from '../../../../server/bus/names.ts';
import type { Envelope } from '../../../../server/room/message.ts';
import { fromDocument, toDocument } from '../../../../server/store/document.ts';
import { judge } from '../../../../server/store/write-errors.ts';
import { isSampled } from '../../../../server/telemetry/message-trace.ts';
import { sortDeliveries } from '../../../../server/worker/logged-message.ts';

const names = namesOf('a');
const prefix = names.logSubjects(3).replace('*', '');
const envelope: Envelope = {
  type: 'message',
  id: 'id-1',
  dedupe: 'key',
  time: 1_700_000_000_123,
  user: 'zoë %',
  client: 'c',
  traceparent: '',
  cv: 0,
  seen: 0,
  targets: [3, 5],
};

function versioned(version: string) {
  const found = writeEnvelope(envelope);
  found.set('Chat-V', version);
  return found;
}

function delivery(over: Partial<Delivery> = {}): Delivery {
  const nothing = () => undefined;
  return {
    subject: names.log(3, 'group:ä b.c'),
    headers: writeEnvelope(envelope),
    brokenHeaders: null,
    data: Buffer.from('{"a":1}'),
    sequence: 7,
    storedAt: 1_700_000_000_123_456,
    deliveries: 1,
    consumerSequence: 1,
    ack: nothing,
    working: nothing,
    release: nothing,
    ...over,
  };
}

const loggedMessage = (one: Delivery) => sortDeliveries([one], prefix, 'e1').messages[0];

test('a delivery tells its sequence and, to the microsecond, when it was stored, with and without a domain', () => {
  const told = { deliveries: 2, consumerSequence: 55, sequence: 1_000_007, storedAt: 1_763_741_234_567_890 };
  assert.deepEqual(deliveryInfo('$JS.ACK.S.store.2.1000007.55.1763741234567890123.9'), told);
  assert.deepEqual(deliveryInfo('$JS.ACK.hub.ABC.S.store.2.1000007.55.1763741234567890123.9.rnd'), told);
  for (const other of [
    '_INBOX.1',
    '$JS.ACK.S.store.2.1000007',
    '$JS.ACK.S.store.x.1000007.55.1763741234567890123.9',
    '',
  ])
    assert.equal(deliveryInfo(other), null, other);
});

test('a message keeps its room and its headers on the way through the document and back', () => {
  const message = loggedMessage(delivery());
  assert.ok(message);
  assert.equal(message.room, 'group:ä b.c');
  assert.equal(message.user, 'zoë %');
  const { storedAt, ...stored } = message;
  const back = fromDocument(toDocument(3, message));
  assert.deepEqual({ ...back, body: [...back.body] }, { ...stored, body: [...stored.body] });
  assert.equal(toDocument(3, message)._id, `3:7:${storedAt}`);
});

test('a message without headers, or of a room that is no name, is kept as it is', () => {
  const message = loggedMessage(delivery({ subject: `${prefix}%E0%A4%A`, headers: undefined }));
  assert.deepEqual([message?.room, message?.type, message?.user], ['%E0%A4%A', 'publish', '']);
});

for (const { what, over, reason } of [
  { what: 'broken headers', over: { brokenHeaders: Buffer.from('NATS/1.0\r\nA: b\nc\r\n\r\n') }, reason: /headers/ },
  { what: 'a version that is no number', over: { headers: versioned('next') }, reason: /Chat-V/ },
  { what: 'a body that is not JSON', over: { data: Buffer.from('{"a":1}}') }, reason: /JSON/ },
  { what: 'a body of two lines', over: { data: Buffer.from('1\n{}') }, reason: /JSON/ },
  { what: 'a body that is not UTF-8', over: { data: Uint8Array.of(0x22, 0xff, 0x22) }, reason: /JSON/ },
]) {
  test(`a message with ${what} is set aside, those around it are kept`, () => {
    const sorted = sortDeliveries(
      [delivery(), delivery({ sequence: 8, ...over }), delivery({ sequence: 9 })],
      prefix,
      'e1',
    );
    assert.deepEqual(
      sorted.messages.map(({ offset }) => offset),
      [7, 9],
    );
    const [aside] = sorted.unreadable;
    assert.deepEqual([aside?.message.offset, aside?.code], [8, 'unreadable']);
    assert.match(aside?.reason ?? '', reason);
  });
}

test('a message of a later version is kept', () => {
  assert.equal(loggedMessage(delivery({ headers: versioned('2') }))?.offset, 7);
});

test('the marker of a lift is not a message', () => {
  assert.deepEqual(sortDeliveries([delivery({ subject: names.fence(3) })], prefix, 'e1'), {
    messages: [],
    unreadable: [],
  });
});

const errors = (...codes: number[]) => codes.map((code, index) => ({ index, code, errmsg: `m${code}` }));

test('a taken key may be success, other answers about a document are refusals', () => {
  assert.deepEqual(judge({ notDurable: false, writeErrors: errors(11_000, 121, 10_334) }), {
    duplicates: [0],
    refused: [
      { index: 1, code: 121, reason: 'm121' },
      { index: 2, code: 10_334, reason: 'm10334' },
    ],
  });
});

test('an answer about the server tells nothing about the documents', () => {
  for (const code of [13, 112, 189, 10_107, 11_600, 14_031])
    assert.equal(judge({ notDurable: false, writeErrors: errors(121, code) }), null, String(code));
  assert.equal(judge({ notDurable: true, writeErrors: errors(11_000) }), null);
});

test('only a sampled trace is followed', () => {
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
  assert.equal(isSampled(`${trace}-01`), true);
  assert.equal(isSampled(`${trace}-03`), true);
  assert.equal(isSampled(`${trace}-00`), false);
  assert.equal(isSampled(''), false);
  assert.equal(isSampled('junk'), false);
});
