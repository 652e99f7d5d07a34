import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMember, isPlainJson } from '../../../../server/protocol/raw-json.ts';
import { integer, pick, seeded } from '../../../../tools/support/random.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');

const plain = [
  '{"a" : 1}',
  'null',
  '""',
  '0',
  '12345678901234567890.10',
  '[[],{}]',
  '"\u2028\u2029"',
  '"\\n"',
  ' \t1 ',
];
for (const text of plain) {
  test(`${JSON.stringify(text)} may be spliced into a frame`, () => assert.equal(isPlainJson(bytes(text)), true));
}

const refused: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', bytes('')],
  ['white space', bytes('  ')],
  ['a newline between values', bytes('{"a":\n1}')],
  ['a newline at the end', bytes('{}\n')],
  ['a carriage return', bytes('{"a":\r1}')],
  ['a frame behind a newline', bytes('1}}}\n{"push":{"channel":"x","pub":{"data":1}}}\n{"a":{"b":{"c":1')],
  ['two values', bytes('1 2')],
  ['a value that closes the frame', bytes('1}}},{"x":{"y":{"z":1')],
  ['a byte order mark', bytes('\ufeff1')],
  ['a truncated sequence', Buffer.from([0x22, 0xc3, 0x22])],
  ['an overlong newline', Buffer.from([0x22, 0xc0, 0x8a, 0x22])],
  ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ['a bare word', bytes('undefined')],
  ['binary', Buffer.from([0, 1, 2, 3])],
];
for (const [what, data] of refused) {
  test(`${what} is not plain JSON`, () => assert.equal(isPlainJson(data), false));
}

test('a member is found with its exact text', () => {
  const text = ' {"x":"\\"data\\":1", "data" : {"a" : [1,{"data":2}]} ,"z":[]}';
  const place = findMember(text, 0, 'data');
  assert.equal(place && text.slice(place.start, place.end), '{"a" : [1,{"data":2}]}');
});

test('a member that is not there is not found', () => {
  assert.equal(findMember('{}', 0, 'data'), null);
  assert.equal(findMember('{"a":{"data":1}}', 0, 'data'), null);
});

test('of a repeated or escaped member the last one counts, as JSON.parse has it', () => {
  const text = '{"data":1,"d\\u0061ta":22,"other":3}';
  const place = findMember(text, 0, 'data');
  assert.equal(place && text.slice(place.start, place.end), '22');
});

test('a hundred thousand open brackets cost no stack', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const text = `{"data":${deep},"x":1}`;
  const place = findMember(text, 0, 'data');
  assert.equal(place && place.end - place.start, 200_000);
});

const KEYS = ['data', 'a', '"', '\\', '\\"', '}', ',', '{"data":1}', '', '\u2028', '__proto__'];
function randomValue(random: () => number, depth: number): string {
  const kind = integer(random, depth > 3 ? 4 : 6);
  const gap = pick(random, ['', ' ', '\t']);
  if (kind === 0) return String(integer(random, 1000) / 10);
  if (kind === 1) return pick(random, ['true', 'false', 'null', '-1e+30']);
  if (kind < 4) return JSON.stringify(pick(random, KEYS));
  const items = Array.from({ length: integer(random, 4) }, () => randomValue(random, depth + 1));
  if (kind === 4) return `[${gap}${items.join(`${gap},`)}${gap}]`;
  return `{${gap}${items.map(item => `${JSON.stringify(pick(random, KEYS))}${gap}:${gap}${item}`).join(`${gap},${gap}`)}${gap}}`;
}

test('5,000 random objects are cut where JSON.parse would cut them', () => {
  const random = seeded(1);
  for (let i = 0; i < 5_000; i++) {
    const members = Array.from(
      { length: integer(random, 5) },
      () => `${JSON.stringify(pick(random, KEYS))} :${randomValue(random, 0)}`,
    );
    const text = `{${members.join(' , ')}}`;
    const place = findMember(text, 0, 'data');
    const expected = (JSON.parse(text) as { data?: unknown }).data;
    const found = place === null ? undefined : (JSON.parse(text.slice(place.start, place.end)) as unknown);
    assert.deepEqual(found, expected, text);
  }
});
