import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { bool, int, list, object, oneOf, optional, roomName, text } from '../../../../server/chat/params.ts';
import { verb } from '../../../../server/chat/verb.ts';
import { ERRORS } from '../../../../server/protocol/codes.ts';
import { assertGenerated } from '../../../support/docs/generated.ts';
import { verbsOpenApi } from '../../../support/docs/verbs-openapi.ts';
import { verbsPage } from '../../../support/docs/verbs-page.ts';
import { verbsTypes } from '../../../support/docs/verbs-types.ts';

const ROOT = join(import.meta.dirname, '../../../..');

test('docs/verbs.md is what the table of verbs says', () => assertGenerated(join(ROOT, 'docs/verbs.md'), verbsPage()));

test('client/verbs.ts is what the table of verbs says', () =>
  assertGenerated(join(ROOT, 'client/verbs.ts'), verbsTypes()));

test('docs/openapi.json is what the table of verbs says, and OpenAPI 3.1', async () => {
  const document = verbsOpenApi();
  assertGenerated(join(ROOT, 'docs/openapi.json'), `${JSON.stringify(document, null, 2)}\n`);
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  assert.deepEqual([valid, errors, validator.version], [true, undefined, '3.1']);
});

/** Verbs with every type of parameter, as later ones will have them. */
const SAMPLES = {
  sample: verb({
    summary: 'Takes every type.',
    params: {
      room: roomName,
      scope: optional(oneOf('all', 'me')),
      marks: list(object({ read: optional(int()), kinds: list(oneOf('a', 'b'), 2) }), 100),
      order: oneOf(
        'newest-message-first',
        'oldest-message-first',
        'unread-first',
        'by-name-in-the-language-of-the-user',
        'none',
      ),
    },
    may: 'history',
    result: { items: list(object({ offset: int({ min: 1 }), text: optional(text({ max: 10 })) }), 100), more: bool },
    errors: [{ error: ERRORS.limitExceeded, when: 'There are too many | of them.' }],
    example: {
      params: { room: 'channel:a', marks: [], order: 'none' },
      result: { items: [{ offset: 1 }], more: false },
    },
    run: async () => ({ items: [], more: false }),
  }),
  bare: verb({
    summary: 'Takes nothing.',
    params: {},
    may: null,
    result: { more: bool },
    example: { params: {}, result: { more: false } },
    run: async () => ({ more: false }),
  }),
};

test('types of every kind of parameter are written as the formatter would write them', () => {
  const types = verbsTypes(SAMPLES);
  const biome = join(ROOT, 'node_modules/.bin/biome');
  const formatted = execFileSync(biome, ['format', '--stdin-file-path=client/verbs.ts'], { cwd: ROOT, input: types });
  assert.equal(types, String(formatted));
  for (const line of [
    "      readonly scope?: 'all' | 'me';",
    '      readonly marks: readonly {',
    '        readonly read?: number;',
    "        readonly kinds: readonly ('a' | 'b')[];",
    '      }[];',
    "        | 'by-name-in-the-language-of-the-user'",
    '        readonly text?: string;',
    '    readonly params: Readonly<Record<string, never>>;',
  ])
    assert.ok(types.split('\n').includes(line), `${line} in\n${types}`);
});

test('a document and a page with every kind of parameter are valid', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(verbsOpenApi(SAMPLES)));
  assert.deepEqual([valid, errors], [true, undefined]);
  const page = verbsPage(SAMPLES);
  for (const row of [
    '| `scope` | optional; `all` or `me` |  |',
    '| 106 | limit exceeded |  | There are too many \\| of them. |',
    'It takes no parameters.',
    '- Waiting behind a call that is not placed yet: all commands of the connection.',
  ])
    assert.ok(page.split('\n').includes(row), row);
});
