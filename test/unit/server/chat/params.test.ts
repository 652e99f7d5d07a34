import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  about,
  bool,
  int,
  line,
  list,
  object,
  oneOf,
  optional,
  type Param,
  readFields,
  roomName,
  schemaOf,
  text,
  uuid7,
  webAddress,
} from '../../../../server/chat/params.ts';
import { CommandError } from '../../../../server/protocol/command-error.ts';

const ID = '0190f3a1-7c00-7d3e-8a2b-5c6d7e8f9a0b';

/** Error of a value in the field `f`; null if it is taken as it is. */
function refusal(param: Param<unknown>, value: unknown): string | null {
  try {
    assert.deepEqual(param.read(value, 'f'), value);
    return null;
  } catch (error) {
    assert.ok(error instanceof CommandError, String(error));
    assert.equal(error.error.code, 107);
    return error.message;
  }
}

for (const { what, param, good, bad } of [
  {
    what: 'a room',
    param: roomName,
    good: ['channel:a', 'anything', ''],
    bad: { 'f must be a string': [undefined, null, 7, ['channel:a']] },
  },
  {
    what: 'an id',
    param: uuid7,
    good: [ID],
    bad: {
      'f must be a UUIDv7 in lower case': [undefined, 7, '', ID.toUpperCase(), ID.replace('-7d3e', '-4d3e'), `${ID}\n`],
    },
  },
  {
    what: 'a text',
    param: text(),
    good: ['', 'é🙂'],
    bad: { 'f must be a string': [undefined, 7], 'f must be well-formed Unicode': ['\ud800'] },
  },
  {
    what: 'a text that is not empty',
    param: text({ min: 1 }),
    good: [' ', '🙂'],
    bad: { 'f must not be empty': [undefined, 7, ''], 'f must be well-formed Unicode': ['a\udc00'] },
  },
  {
    what: 'a text of two or three characters, however many bytes they take',
    param: text({ min: 2, max: 3 }),
    good: ['ab', '🙂🙂🙂'],
    bad: {
      'f must have at least 2 characters': ['', 'a', '🙂'],
      'f must have at most 3 characters': ['abcd', '🙂🙂🙂🙂'],
    },
  },
  {
    what: 'an integer',
    param: int({ max: 9 }),
    good: [0, 9],
    bad: { 'f must be an integer from 0 to 9': [undefined, -1, 10, 0.5, '1', Number.NaN] },
  },
  {
    what: 'an integer without a bound',
    param: int(),
    good: [Number.MAX_SAFE_INTEGER],
    bad: { 'f must be an integer from 0 to 2^53 - 1': [2 ** 53, Number.POSITIVE_INFINITY] },
  },
  { what: 'a switch', param: bool, good: [true, false], bad: { 'f must be true or false': [undefined, 0, 'true'] } },
  {
    what: 'a word',
    param: oneOf('all', 'me'),
    good: ['all', 'me'],
    bad: { 'f must be one of all, me': [undefined, 'ALL', 1] },
  },
  {
    what: 'a list',
    param: list(int(), 2),
    good: [[], [1, 2]],
    bad: {
      'f must be a list of at most 2': [undefined, { 0: 1 }, [1, 2, 3]],
      'f[1] must be an integer from 0 to 2^53 - 1': [[1, 'x']],
    },
  },
  {
    what: 'a list that is not empty',
    param: list(int(), 2, 1),
    good: [[1], [1, 2]],
    bad: { 'f must be a list of 1 to 2': [[], [1, 2, 3]] },
  },
  {
    what: 'a line',
    param: line(5),
    good: ['', 'Tea 🙂', 'שלום'],
    bad: {
      'f must have at most 5 characters': ['abcdef'],
      'f must be one line without control characters': ['a\nb', 'a\u2028b', 'a\u202eb', 'a\u2066b', '\0'],
    },
  },
  {
    what: 'an address on the web',
    param: webAddress(40),
    good: ['', 'https://example.org/a.png', 'http://localhost/a'],
    bad: {
      'f must have at most 40 characters': [`https://${'a'.repeat(40)}`],
      'f must be a URL that begins with https:// or http://, or empty': [
        'javascript:alert(1)',
        'data:,a',
        '/a.png',
        'a',
      ],
    },
  },
  {
    what: 'an object',
    param: object({ room: roomName, read: optional(int()) }),
    good: [{ room: 'channel:a' }, { room: 'channel:a', read: 1 }],
    bad: {
      'f must be an object': [undefined, 'x', []],
      'f.room must be a string': [{}],
      'f.read must be an integer from 0 to 2^53 - 1': [{ room: 'channel:a', read: -1 }],
    },
  },
] as const)
  test(`${what} is taken as it is, anything else is an error that names the field and the limit`, () => {
    for (const value of good) assert.equal(refusal(param, value), null, JSON.stringify(value));
    for (const [message, values] of Object.entries(bad))
      for (const value of values) assert.equal(refusal(param, value), message, JSON.stringify(value));
  });

test('an optional parameter may be absent or null; what is there is checked', () => {
  const limit = optional(int({ max: 100 }));
  assert.deepEqual(
    [limit.read(undefined, 'limit'), limit.read(null, 'limit'), limit.read(7, 'limit')],
    [undefined, undefined, 7],
  );
  assert.equal(refusal(limit, 101), 'f must be an integer from 0 to 100');
});

test('fields that are not known are left out, also those that every object inherits', () => {
  const fields = { name: text(), toString: optional(text()) };
  assert.deepEqual(readFields(fields, { name: 'a', later: 1 }), { name: 'a' });
  for (const none of [undefined, null, 7, 'text', []])
    assert.throws(() => readFields(fields, none), { message: 'name must be a string' });
});

test('the schema says what the check does', () => {
  const fields = {
    room: roomName,
    marks: list(object({ read: optional(int({ min: 1 })), scope: oneOf('all', 'me') }), 100),
    name: about(optional(text({ min: 1, max: 20 })), 'Name for people.'),
  };
  assert.deepEqual(schemaOf(fields), {
    type: 'object',
    properties: {
      room: { type: 'string', pattern: '^[^:]+:.+$', maxLength: 255 },
      marks: {
        type: 'array',
        maxItems: 100,
        items: {
          type: 'object',
          properties: {
            read: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
            scope: { type: 'string', enum: ['all', 'me'] },
          },
          required: ['scope'],
        },
      },
      name: { type: 'string', minLength: 1, maxLength: 20, description: 'Name for people.' },
    },
    required: ['room', 'marks'],
  });
});
