import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesOfPull } from '../../../../server/bus/pull-end.ts';

/** Seen on nats-server 2.15.2, with one replica and with three. */
const SEEN = [
  { status: '409 Batch Completed', unsent: '0', batch: 5, messages: 5 },
  { status: '409 Message Size Exceeds MaxBytes', unsent: '3', batch: 5, messages: 2 },
  { status: '408 Request Timeout', unsent: '3', batch: 5, messages: 2 },
  { status: '404 No Messages', unsent: '', batch: 5, messages: 0 },
  { status: '409 Consumer Deleted', unsent: '5', batch: 5, messages: null },
  { status: '409 Leadership Change', unsent: '5', batch: 5, messages: null },
  { status: '409 Server Shutdown', unsent: '', batch: 5, messages: null },
  { status: '503 No Responders', unsent: '', batch: 5, messages: null },
  { status: '408 Request Timeout', unsent: 'many', batch: 5, messages: 0 },
  { status: '408 Request Timeout', unsent: '7', batch: 5, messages: 0 },
];

for (const { status, unsent, batch, messages } of SEEN) {
  test(`a pull of ${batch} that ends with ${status}, unsent ${unsent}, brings ${messages ?? 'a failure'}`, () => {
    const [code, ...words] = status.split(' ');
    assert.equal(messagesOfPull({ code: Number(code), description: words.join(' '), unsent }, batch), messages);
  });
}
