import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reaction } from '../../../../server/fold/changes.ts';
import type { Entry } from '../../../../server/fold/entry.ts';
import { type FoldedMessage, RoomFold } from '../../../../server/fold/room-fold.ts';
import { integer, pick } from '../../../../tools/support/random.ts';
import { anyLog } from '../../../support/chat/room-entries.ts';
import { fuzz, type Random } from '../../../support/fuzz/fuzz.ts';

/** The rules once more, as plainly as they can be said: entry after entry, in the order of the log. */
function inOrder(log: readonly Entry[]): FoldedMessage[] {
  const messages = new Map<number, FoldedMessage>();
  const change = (target: number, of: string, how: (message: FoldedMessage) => Partial<FoldedMessage>) => {
    const message = messages.get(target);
    if (message?.id !== of || message.deleted > 0) return;
    const { mentions, all, ...rest } = message;
    const after = how(message);
    // A text comes with its mentions: another one without has none.
    const said = after.text === undefined ? { ...(mentions ? { mentions } : {}), ...(all ? { all } : {}) } : {};
    messages.set(target, { ...rest, ...said, ...after });
  };
  for (const entry of log) {
    const { offset } = entry;
    if (entry.type === 'message') {
      const { type: _, ...message } = entry;
      messages.set(offset, { ...message, rev: offset, deleted: 0, replyTo: null, reactions: [] });
    } else if (entry.type === 'edit')
      change(entry.target, entry.of, ({ rev }) => {
        const { text, mentions, all } = entry;
        if (entry.rev !== undefined && entry.rev !== rev) return {};
        return { text, rev: offset, ...(mentions ? { mentions } : {}), ...(all ? { all } : {}) };
      });
    else if (entry.type === 'delete')
      for (const { target, of } of entry.targets)
        change(target, of, () => ({ text: '', rev: offset, deleted: offset, replyTo: null, reactions: [] }));
    else
      change(entry.target, entry.of, ({ reactions }) => {
        const { emoji, user, on } = entry;
        const before = reactions.find(reaction => reaction.emoji === emoji)?.users ?? [];
        const users = [...before.filter(reactor => reactor.user !== user), ...(on ? [{ user, at: offset }] : [])];
        const all = [...reactions.filter(reaction => reaction.emoji !== emoji), { emoji, users }];
        const first = ({ users: [reactor] }: Reaction) => reactor?.at ?? 0;
        return { reactions: all.filter(first).sort((a, b) => first(a) - first(b)) };
      });
  }
  return [...messages.values()].sort((a, b) => a.offset - b.offset);
}

const shuffled = <T>(random: Random, items: readonly T[]): T[] =>
  items
    .map(item => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

fuzz('entries in any order and any number of times give the messages of the log', [1, 2, 3], 300, random => {
  const log = anyLog(random);
  const fold = new RoomFold();
  for (const entry of shuffled(random, [...log, ...log.filter(() => random() < 0.3)])) fold.add(entry);
  assert.deepEqual(fold.messages(), inOrder(log));
});

fuzz(
  'pages that are folded up to any offset, and the entries after it, give the messages of the log',
  [4, 5, 6],
  300,
  random => {
    const log = anyLog(random);
    const fold = new RoomFold();
    const steps: (() => void)[] = log.map(entry => () => fold.add(entry));
    for (let pages = integer(random, 4); pages > 0; pages--) {
      const upto = pick(random, log).offset;
      const page = inOrder(log.filter(({ offset }) => offset <= upto)).filter(() => random() < 0.8);
      steps.push(() => {
        for (const message of page) fold.addFolded(message, upto);
      });
    }
    for (const step of shuffled(random, steps)) step();
    assert.deepEqual(fold.messages(), inOrder(log));
  },
);

fuzz('entries that a page has already taken in need not come', [7, 8, 9], 300, random => {
  const log = anyLog(random);
  const upto = pick(random, log).offset;
  const fold = new RoomFold();
  for (const message of inOrder(log.filter(({ offset }) => offset <= upto))) fold.addFolded(message, upto);
  for (const entry of shuffled(
    random,
    log.filter(({ offset }) => offset > upto),
  ))
    fold.add(entry);
  assert.deepEqual(fold.messages(), inOrder(log));
});

fuzz('a reader who never gets what is deleted sees the same as one who had it', [10, 11, 12], 300, random => {
  const log = anyLog(random);
  const seen = inOrder(log);
  const isDeleted = (offset: number) => seen.some(message => message.offset === offset && message.deleted > 0);
  const masked = log.filter(entry =>
    entry.type === 'message' ? !isDeleted(entry.offset) : entry.type !== 'edit' || !isDeleted(entry.target),
  );
  const fold = new RoomFold();
  for (const entry of shuffled(random, [...masked, ...masked.filter(() => random() < 0.3)])) fold.add(entry);
  assert.deepEqual(fold.messages(), seen);
});

test('a deleted text does not come back by an edit, a reaction or the message itself', () => {
  const fold = new RoomFold();
  const target = { target: 1, of: 'm1' };
  fold.add({ type: 'delete', offset: 5, targets: [target] });
  fold.add({ type: 'edit', offset: 9, ...target, text: 'again' });
  fold.add({ type: 'reaction', offset: 10, ...target, user: 'eve', emoji: '👍', on: true });
  fold.add({ type: 'message', offset: 1, id: 'm1', user: 'ann', time: 0, text: 'secret' });
  assert.doesNotMatch(JSON.stringify(fold.messages()), /secret|again|eve/);
  assert.deepEqual(fold.message(1)?.deleted, 5);
});
