import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedWords, folded, indexedWords } from '../../../../server/fold/search-words.ts';
import { integer, pick } from '../../../../tools/support/random.ts';
import { fuzz, type Random } from '../../../support/fuzz/fuzz.ts';

const finds = (text: string, name: string): boolean => {
  const index = new Set(indexedWords(name));
  return askedWords(text)?.every(entry => index.has(entry)) ?? false;
};

const LETTERS = [...'abcxyzßæøñçéüåÄÖőğıİŠžΑαΆσΣςЙйёЯњ0١۵אבشد'];
const DENSE = [...'王小明東京上海山さくらガがカー김철수서울'];

const wordOf = (random: Random, letters: readonly string[], least = 1) =>
  Array.from({ length: least + integer(random, 8) }, () => pick(random, letters)).join('');

const wide = (text: string) =>
  text.replace(/[!-~]/g, character => String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0));

/** The same text as somebody else may write it. */
const variant = (random: Random, text: string): string =>
  [...text.normalize(pick(random, ['NFC', 'NFD', 'NFKC', 'NFKD']))]
    .map(character => pick(random, [character, character.toUpperCase(), character.toLowerCase(), wide(character)]))
    .join('');

const withoutAccents = (text: string) => text.normalize('NFD').replace(/[\u0300-\u036f]/g, '');

fuzz(
  'every beginning of each word finds a name, in whatever case, width, form and order, with accents or without',
  [1, 2],
  300,
  random => {
    const words = Array.from({ length: 1 + integer(random, 4) }, () => wordOf(random, LETTERS, 2));
    const name = words.join(pick(random, [' ', '-', ' & ', '\u3000', '. ']));
    const some = words.filter(() => random() < 0.6);
    const asked = (some.length > 0 ? some : words.slice(0, 1))
      .map(word => [...word].slice(0, 2 + integer(random, word.length)).join(''))
      .sort(() => random() - 0.5)
      .join(' ');
    const text = random() < 0.5 ? withoutAccents(asked) : asked;
    assert.ok(finds(variant(random, text), variant(random, name)), `${text} finds ${name}`);
  },
);

fuzz('in scripts without spaces every part of a name finds it', [3, 4], 300, random => {
  const name = wordOf(random, DENSE, 2);
  const characters = [...name];
  const from = integer(random, characters.length);
  const part = characters.slice(from, from + 1 + integer(random, characters.length - from)).join('');
  assert.ok(finds(part, name), `${part} finds ${name}`);
  assert.ok(finds(part, `Ann ${name}さん`));
  assert.ok(!finds(`${part}丂`, name));
});

fuzz('folding again changes nothing, and a name has few entries whatever is in it', [5], 300, random => {
  const any = () =>
    String.fromCodePoint(
      pick(random, [
        integer(random, 0x3000),
        integer(random, 0xd800),
        0x1f000 + integer(random, 0xfff),
        0xfb00 + integer(random, 0x4ff),
      ]),
    );
  const text = Array.from({ length: integer(random, 80) }, any).join('');
  assert.equal(folded(folded(text)), folded(text));
  const entries = indexedWords(text);
  assert.ok(entries.length <= 200);
  for (const entry of entries) assert.ok(entry.length > 0 && entry.length <= 64);
  askedWords(text);
});

test('what finds a name, and what does not', () => {
  for (const [text, name] of [
    ['jo', 'John Smith'],
    ['smi jo', 'John Smith'],
    ['JÖRG', 'Jorg'],
    ['jorg', 'Jörg'],
    ['strasse', 'Straße'],
    ['ΝΙΚΟΣ', 'Νίκος Παπάς'],
    ['ｊｏｈｎ', 'John'],
    ['ﬁn', 'Finn'],
    ['istanbul', 'İstanbul'],
    ['小', '王小明'],
    ['小明', '王小明'],
    ['東京都', '東京都庁'],
    ['ｶﾞ', 'ガラス'],
    ['철수', '김철수'],
    ['서', '서울'],
    ['ann 小', 'Ann 王小明'],
    ['हिन्दी', 'हिन्दी भाषा'],
  ] as const)
    assert.ok(finds(text, name), `${text} finds ${name}`);
  for (const [text, name] of [
    ['j', 'John Smith'],
    ['ohn', 'John Smith'],
    ['jo x', 'John Smith'],
    ['johnsmith', 'John Smith'],
    ['明小', '王小明'],
    ['カ', 'が'],
    ['서울', '서 울'],
    ['हन्दी', 'हिन्दी भाषा'],
    ['', 'John'],
    ['!!', 'John'],
    ['👍', '👍'],
  ] as const)
    assert.ok(!finds(text, name), `${text} does not find ${name}`);
});

test('the longest word is looked up first, and one letter alone not at all', () => {
  assert.deepEqual(askedWords('jo smith'), ['smith', 'jo']);
  assert.deepEqual(askedWords('j smith j'), ['smith', 'j']);
  assert.equal(askedWords('j s'), null);
  assert.deepEqual(askedWords('王'), ['王']);
  assert.deepEqual(askedWords('x'.repeat(50)), ['x'.repeat(32)]);
  assert.ok(finds('x'.repeat(50), 'x'.repeat(40)));
});
