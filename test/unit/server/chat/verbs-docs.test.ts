import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
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
