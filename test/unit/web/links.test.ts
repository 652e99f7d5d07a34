import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stretchesOf } from '../../../web/src/dom/links.ts';
import { ends } from '../../support/chat/ends.ts';

const links = (text: string) => stretchesOf(text).flatMap(({ href }) => href ?? []);

test('addresses become links without the punctuation around them', () => {
  assert.deepEqual(links('see https://example.org/a?b=c#d, then (http://127.0.0.1:8080/).'), [
    'https://example.org/a?b=c#d',
    'http://127.0.0.1:8080/',
  ]);
  assert.deepEqual(links('见 https://example.org/文档。'), ['https://example.org/文档']);
  assert.deepEqual(links('https://en.wikipedia.org/wiki/Chat_(disambiguation)'), [
    'https://en.wikipedia.org/wiki/Chat_(disambiguation)',
  ]);
});

test('nothing but http and https becomes a link', () => {
  for (const text of [
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'ftp://x',
    'https://',
    'example.org',
  ])
    assert.deepEqual(links(text), [], text);
});

test('the stretches put together are the text', () => {
  const texts = ['', 'plain', 'https://a.b', ' https://a.b  http://c.d/\nend', 'https://a.b"onclick="x', 'https://:::'];
  for (const text of texts)
    assert.equal(
      stretchesOf(text)
        .map(({ text }) => text)
        .join(''),
      text,
    );
});

const LINKS = new URL('../../../web/src/dom/links.ts', import.meta.url).href;

for (const { what, text } of [
  { what: 'punctuation that ends nothing', text: "'https://x'.padEnd(4_000_000, '.') + 'x'" },
  { what: 'brackets around nothing', text: "'https://x'.padEnd(4_000_000, '？)')" },
  { what: 'addresses without an end', text: "'https://'.repeat(500_000)" },
  { what: 'addresses that are none', text: "'https://: '.repeat(400_000)" },
]) {
  test(`a text of millions of characters with ${what} is cut in proportion to its length`, async () => {
    const whole = await ends(`const { stretchesOf } = await import(${JSON.stringify(LINKS)});
      const text = ${text};
      return stretchesOf(text).map(({ text }) => text).join('') === text;`);
    assert.equal(whole, true);
  });
}

test('an address that is too long to be one is text', () => {
  const address = `https://example.org/${'x'.repeat(2_048 - 20)}`;
  assert.deepEqual(links(`see ${address}.`), [address]);
  assert.deepEqual(stretchesOf(`see ${address}x.`), [{ text: `see ${address}x.` }]);
});
