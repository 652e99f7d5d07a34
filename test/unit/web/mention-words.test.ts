import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mentionsAfter, mentionsUser, mentionWords } from '../../../web/src/page/mention-words.ts';

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
