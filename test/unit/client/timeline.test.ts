import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timeline } from '../../../client/timeline.ts';
import type { Publication } from '../../../client/transport.ts';

const said = (offset: number, user = 'bob', id = `id-${offset}`, text = `at ${offset}`): Publication => ({
  offset,
  data: { type: 'message', id, text, time: 1_000 - offset },
  sender: { user, client: 'c' },
  type: 'message',
});
const offsets = (timeline: Timeline) => timeline.messages.map(({ offset }) => offset);

test('history in any direction and live messages come out in the order of their offsets, once each', () => {
  const timeline = new Timeline();
  timeline.addLive(said(50));
  timeline.addPage([said(50), said(40), said(30)]);
  timeline.addLive(said(60));
  timeline.addPage([said(20), said(10)]);
  assert.deepEqual(offsets(timeline), [10, 20, 30, 40, 50, 60]);
  assert.equal(timeline.floor, 10);
  assert.equal(timeline.position, 60);
});

test('any way of cutting a room into pages and live messages gives the same timeline', () => {
  const all = Array.from({ length: 12 }, (_, index) => said(index * 7 + 1));
  for (let cut = 0; cut <= all.length; cut++) {
    const timeline = new Timeline();
    for (const publication of all.slice(cut)) timeline.addLive(publication);
    timeline.addPage(all.slice(0, cut + 2).reverse());
    assert.deepEqual(
      offsets(timeline),
      all.map(({ offset }) => offset),
    );
  }
});

test('what is not a message moves the position and the floor and is not shown', () => {
  const timeline = new Timeline();
  timeline.addPage([{ offset: 5, data: { type: 'edit' }, sender: null, type: 'edit' }, said(9)]);
  timeline.addLive({ offset: 12, data: 'anything at all', sender: null, type: 'publish' });
  assert.deepEqual(offsets(timeline), [9]);
  assert.equal(timeline.floor, 5);
  assert.equal(timeline.position, 12);
});

test('an acknowledged message is replaced by its publication and does not move the position', () => {
  const timeline = new Timeline();
  timeline.addPage([said(10)]);
  timeline.addAcknowledged(said(30, 'alice', 'mine', 'early'));
  timeline.addLive(said(20));
  assert.deepEqual(offsets(timeline), [10, 20, 30]);
  assert.equal(timeline.position, 20);
  timeline.addLive(said(30, 'alice', 'mine'));
  assert.deepEqual(
    timeline.messages.map(({ text }) => text),
    ['at 10', 'at 20', 'at 30'],
  );
});

test("an acknowledged message does not replace the server's, which has the server's time", () => {
  const timeline = new Timeline();
  timeline.addPage([said(10)]);
  timeline.addLive(said(30, 'alice', 'mine'));
  timeline.addAcknowledged(said(30, 'alice', 'mine', 'late'));
  assert.equal(timeline.messages.at(-1)?.text, 'at 30');
});

test('an acknowledged message from below the floor waits for its page', () => {
  const timeline = new Timeline();
  timeline.addPage([said(100)]);
  timeline.addAcknowledged(said(40, 'alice', 'old'));
  assert.deepEqual(offsets(timeline), [100]);
  timeline.addPage([said(40, 'alice', 'old'), said(30)]);
  assert.deepEqual(offsets(timeline), [30, 40, 100]);
});

test('one id of one user is shown once, the same id of another user is another message', () => {
  const timeline = new Timeline();
  timeline.addPage([said(1, 'bob', 'x'), said(2, 'eve', 'x'), said(3, 'bob', 'x')]);
  assert.deepEqual(offsets(timeline), [1, 2]);
});

test('a gap keeps its lowest end until it is filled', () => {
  const timeline = new Timeline();
  timeline.addPage([said(10)]);
  timeline.openGap();
  timeline.addLive(said(90));
  timeline.openGap();
  assert.equal(timeline.gap, 10);
  timeline.fillGap(40);
  assert.equal(timeline.gap, 40);
  timeline.fillGap();
  assert.equal(timeline.gap, null);
});

test('only the server says what a message is; one without a type comes from a gateway that does not say it yet', () => {
  const forged = { ...said(5), type: 'publish' };
  const timeline = new Timeline();
  timeline.addPage([forged, said(6), { ...said(7), type: null }, { ...said(8), data: { type: 'edit' }, type: null }]);
  timeline.addLive({ ...said(9), type: 'publish' });
  assert.deepEqual(offsets(timeline), [6, 7]);
  assert.equal(timeline.position, 9);
});

test('edits, reactions and deletes change the message they are about, before or after it is loaded', () => {
  const entry = (offset: number, type: string, data: object, user = 'bob'): Publication => ({
    offset,
    data: { type, target: 10, of: 'id-10', ...data },
    sender: { user, client: 'c' },
    type,
  });
  const timeline = new Timeline();
  timeline.addPage([entry(40, 'edit', { text: 'second' }), said(30)]);
  timeline.addPage([
    entry(20, 'reaction', { emoji: '👍', on: true }, 'eve'),
    entry(15, 'edit', { text: 'first' }),
    said(10),
  ]);
  const shown = () =>
    timeline.messages.map(({ text, rev, reactions }) => [text, rev, reactions.map(({ emoji }) => emoji)]);
  assert.deepEqual(shown(), [
    ['second', 40, ['👍']],
    ['at 30', 30, []],
  ]);
  timeline.addLive(entry(50, 'delete', { targets: [{ target: 10, of: 'id-10' }] }));
  assert.deepEqual(shown(), [
    ['', 50, []],
    ['at 30', 30, []],
  ]);
  assert.equal(timeline.position, 50);
});

test('a message that arrives before the first page takes the changes that follow it', () => {
  const timeline = new Timeline();
  timeline.addLive(said(10));
  timeline.addLive({
    offset: 11,
    data: { type: 'edit', target: 10, of: 'id-10', text: 'edited' },
    sender: { user: 'bob', client: 'c' },
    type: 'edit',
  });
  assert.deepEqual(
    timeline.messages.map(({ text }) => text),
    ['edited'],
  );
});

/** Delete of bob's messages, with what is left of them. */
const deletion = (offset: number, ...targets: number[]): Publication => ({
  offset,
  data: { type: 'delete', targets: targets.map(target => ({ target, of: `id-${target}`, user: 'bob', time: 1 })) },
  sender: { user: 'bob', client: 'c' },
  type: 'delete',
});

test('a deleted message that was never here is shown as deleted once the messages around it are', () => {
  const timeline = new Timeline();
  timeline.addPage([said(100), said(90)]);
  timeline.addLive(deletion(110, 95, 50, 10));
  assert.deepEqual(offsets(timeline), [90, 95, 100], 'those below the floor wait');
  timeline.addPage([said(40), said(60)]);
  assert.deepEqual(offsets(timeline), [40, 50, 60, 90, 95, 100]);
  timeline.addPage([]);
  timeline.end();
  assert.deepEqual(
    timeline.messages.map(({ offset, deleted }) => (deleted ? -offset : offset)),
    [-10, 40, -50, 60, 90, -95, 100],
  );
});

test('a deleted message is not shown before the first page', () => {
  const timeline = new Timeline();
  timeline.addLive(deletion(110, 50));
  timeline.addLive(said(120));
  assert.deepEqual(offsets(timeline), [120]);
  timeline.addPage([said(120), deletion(110, 50), said(40)]);
  assert.deepEqual(offsets(timeline), [40, 50, 120]);
});
