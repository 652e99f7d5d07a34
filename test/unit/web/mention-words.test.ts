import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mentionsAfter, mentionsIn, mentionsUser, mentionWords, queryAt } from '../../../web/src/page/mention-words.ts';

const marked = (text: string, mentions: readonly string[], all?: true) =>
  mentionWords(text, { mentions, ...(all ? { all } : {}) })
    .map(word => (word.mention ? `[${word.text}]` : word.text))
    .join('');

test('words of mentions are marked, the longer id first, and no part of another word', () => {
  assert.equal(marked('@bob, @bob.jr and @eve', ['bob', 'bob.jr']), '[@bob], [@bob.jr] and @eve');
  assert.equal(marked('@bobby x@bob @bob_ @@bob', ['bob']), '@bobby x@bob @bob_ @[@bob]');
  assert.equal(marked('@all @bob', [], true), '[@all] @bob');
  assert.equal(marked('@all', []), '@all');
  assert.equal(marked('', ['bob']), '');
});

test('chosen users whom the text does not name any more are not mentioned', () => {
  assert.deepEqual(mentionsIn('hi @bob', { mentions: ['bob', 'eve'], all: true }), { mentions: ['bob'] });
  assert.deepEqual(mentionsIn('@all', { mentions: ['bob'], all: true }), { all: true });
});

test('an edit drops mentions that its text named before, and keeps those that the text says in other words', () => {
  const said = { mentions: ['bob', 'eve'], all: true } as const;
  assert.deepEqual(mentionsAfter('@bob and Eve', 'Eve', said), { mentions: ['eve'], all: true });
  assert.deepEqual(mentionsAfter('@all @bob', '@bob', said), { mentions: ['bob', 'eve'] });
});

test('a message is for the user it mentions, and one to everybody for all but its author', () => {
  assert.equal(mentionsUser({ mentions: ['bob'] }, 'bob', false), true);
  assert.equal(mentionsUser({ mentions: ['bob'] }, 'ann', false), false);
  assert.equal(mentionsUser({ all: true }, 'ann', false), true);
  assert.equal(mentionsUser({ all: true }, 'ann', true), false);
});

test('letters behind an @ before the caret ask for users', () => {
  assert.deepEqual(queryAt('hi @bo', 6), { start: 3, letters: 'bo' });
  assert.deepEqual(queryAt('hi @bob!', 5), { start: 3, letters: 'b' });
  for (const text of ['hi @', 'a@bo', '@bob ', 'bob', '']) assert.equal(queryAt(text, text.length), null, text);
});
