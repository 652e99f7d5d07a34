import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../../client/message.ts';
import { unchanged } from '../../../server/fold/room-fold.ts';
import { type RowsInput, messageRows as rowsOf } from '../../../web/src/page/message-rows.ts';

const NOON = new Date(2026, 10, 21, 12).getTime();
const MINUTE = 60_000;
const said = (offset: number, user: string, time: number): Message =>
  unchanged({ type: 'message', offset, id: `m${offset}`, text: 't', time, user });
const messageRows = (input: Partial<RowsInput>) =>
  rowsOf({
    ...{ messages: [], outgoing: [], changes: [], user: 'alice', quoted: () => undefined, newAfter: null },
    ...input,
  });
const sketch = (input: Partial<RowsInput>) =>
  messageRows(input).map(row => {
    if (!('user' in row)) return row.kind;
    return `${row.kind} ${row.user}${row.first ? ' first' : ''}${row.last ? ' last' : ''}`;
  });

test('messages of one user within five minutes stand together, under the day they were written', () => {
  const messages = [said(1, 'bob', NOON), said(2, 'bob', NOON + MINUTE), said(3, 'bob', NOON + 7 * MINUTE)];
  assert.deepEqual(sketch({ messages }), ['day', 'message bob first', 'message bob last', 'message bob first last']);
});

test('a new day begins under its own line and with a new group', () => {
  const midnight = new Date(2026, 10, 22).getTime();
  const messages = [said(1, 'bob', midnight - MINUTE), said(2, 'bob', midnight + MINUTE)];
  assert.deepEqual(sketch({ messages }), ['day', 'message bob first last', 'day', 'message bob first last']);
});

test('the mark for new messages stands before the first unread one of somebody else', () => {
  const messages = [said(1, 'bob', NOON), said(2, 'alice', NOON), said(3, 'bob', NOON)];
  const rows = sketch({ messages, newAfter: 1 });
  assert.deepEqual(rows, [
    'day',
    'message bob first last',
    'message alice first last',
    'new',
    'message bob first last',
  ]);
  assert.ok(!sketch({ messages, newAfter: 3 }).includes('new'));
  assert.ok(!sketch({ messages, newAfter: null }).includes('new'));
});

test('an outgoing message stands last and keeps its key when its publication replaces it', () => {
  const entry = { id: 'm9', room: 'r', text: 't', time: NOON, refusal: null };
  const messages = [said(1, 'bob', NOON)];
  const before = messageRows({ messages, outgoing: [entry], newAfter: null });
  const delivered = [...messages, said(9, 'alice', NOON + 5)];
  const after = messageRows({ messages: delivered, outgoing: [entry], newAfter: null });
  assert.equal(before.at(-1)?.kind, 'outgoing');
  assert.equal(after.at(-1)?.kind, 'message');
  assert.equal(after.length, before.length);
  assert.equal(after.at(-1)?.key, before.at(-1)?.key);
});

test('an id that somebody else uses does not hide an outgoing message', () => {
  const entry = { id: 'm1', room: 'r', text: 't', time: NOON, refusal: null };
  const rows = sketch({ messages: [said(1, 'eve', NOON)], outgoing: [entry] });
  assert.deepEqual(rows, ['day', 'message eve first last', 'outgoing alice first last']);
});

test('keys are unique, also when clocks disagree about the day', () => {
  const days = [0, 24, 0, 24, 48, 0].map((hours, index) => said(index + 1, 'bob', NOON + hours * 60 * MINUTE));
  const keys = messageRows({ messages: days, newAfter: 2 }).map(({ key }) => key);
  assert.equal(new Set(keys).size, keys.length);
});

const only = (input: Partial<RowsInput>) => {
  const rows = messageRows(input);
  return rows.filter(row => row.kind === 'message');
};

test('a quote shows the message as it is now, and never the text of a deleted one', () => {
  const reply: Message = { ...said(5, 'bob', NOON), replyTo: { offset: 1, id: 'm1' } };
  const quoteOf = (quoted: Message[]) => only({ messages: [...quoted, reply] }).at(-1)?.quote;
  const first = { ...said(1, 'alice', NOON), text: 'edited', rev: 3 };
  const { replyTo } = reply;
  assert.deepEqual(quoteOf([first]), { replyTo, state: 'known', user: 'alice', text: 'edited' });
  assert.deepEqual(quoteOf([{ ...first, text: '', deleted: 4 }]), { replyTo, state: 'deleted' });
  assert.deepEqual(quoteOf([]), { replyTo, state: 'unknown' });
  assert.deepEqual(quoteOf([{ ...first, id: 'of another epoch' }]), { replyTo, state: 'unknown' });
  const quoted = (message: Message | null) => only({ messages: [reply], quoted: () => message })[0]?.quote;
  assert.deepEqual(quoted(first), { replyTo, state: 'known', user: 'alice', text: 'edited' });
  assert.deepEqual(quoted(null), { replyTo, state: 'deleted' });
  assert.equal(only({ messages: [first] })[0]?.quote, null);
});

test('a message knows its reactions, that it was edited or deleted, and the changes that wait for it', () => {
  const reactions = [{ emoji: '👍', users: ['bob', 'alice'].map((user, at) => ({ user, at })), more: 3 }];
  const messages = [
    { ...said(1, 'alice', NOON), rev: 3, reactions },
    { ...said(2, 'bob', NOON), deleted: 4 },
  ];
  const change = { type: 'delete', targets: [1, 7].map(target => ({ target, of: `m${target}` })) } as const;
  const waiting = { id: 'c1', room: 'r', time: NOON, refusal: null, change };
  assert.deepEqual(
    only({ messages, changes: [waiting] }).map(({ edited, deleted, chips, changes }) => [
      edited,
      deleted,
      chips,
      changes,
    ]),
    [
      [true, false, [{ emoji: '👍', users: ['bob', 'alice'], count: 5, own: true }], [waiting]],
      [false, true, [], []],
    ],
  );
});
