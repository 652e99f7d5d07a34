import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Schema } from '../../../../server/chat/schema.ts';
import type { Verb } from '../../../../server/chat/verb.ts';
import { VERBS } from '../../../../server/chat/verbs.ts';
import { CommandError } from '../../../../server/protocol/command-error.ts';

/** Value that does not fit a parameter, with what the error has to name: the place below the field, and the limit. */
interface Wrong {
  readonly value: unknown;
  readonly names: string;
}

/** Values that do not fit a schema: another type, and one step beyond each limit. */
function wrongOf({
  type,
  minLength,
  maxLength,
  minimum,
  maximum,
  minItems,
  maxItems,
  items,
  properties,
}: Schema): Wrong[] {
  const wrong: Wrong[] = [{ value: type === 'object' ? 7 : {}, names: '' }];
  if (type === 'string' && minLength !== undefined)
    wrong.push({ value: '', names: minLength > 1 ? `${minLength}` : '' });
  if (maxLength !== undefined) wrong.push({ value: 'x'.repeat(maxLength + 1), names: `${maxLength}` });
  if (minimum !== undefined) wrong.push({ value: minimum - 1, names: `${minimum}` });
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER)
    wrong.push({ value: maximum + 1, names: `${maximum}` });
  if (maxItems !== undefined) wrong.push({ value: Array.from({ length: maxItems + 1 }), names: `${maxItems}` });
  if (minItems !== undefined) wrong.push({ value: [], names: `${minItems}` });
  if (items) wrong.push({ value: [wrongOf(items)[0]?.value], names: '[0]' });
  for (const [name, inner] of Object.entries(properties ?? {}))
    wrong.push({ value: { [name]: wrongOf(inner)[0]?.value }, names: '.' });
  return wrong;
}

for (const [name, verb] of Object.entries(VERBS) as [string, Verb][])
  test(`${name} refuses each parameter that does not fit, and names it with its limit`, () => {
    const { params } = verb.example;
    verb.prepare(params);
    for (const [field, param] of Object.entries(verb.params)) {
      const required = 'optional' in param ? [] : [{ value: undefined, names: '' }];
      // The form of a room's name is checked with the rights.
      const wrong = field === 'room' ? wrongOf({ type: 'string' }) : wrongOf(param.schema);
      for (const { value, names } of [...required, ...wrong])
        assert.throws(
          () => verb.prepare({ ...params, [field]: value }),
          (error: unknown) => {
            assert.ok(error instanceof CommandError);
            assert.equal(error.error.code, 107, error.message);
            assert.ok(error.message.startsWith(field), `${error.message} names ${field}`);
            assert.ok(error.message.includes(names), `${error.message} has ${names}`);
            return true;
          },
          `${name} with ${field}: ${JSON.stringify(value)}`,
        );
    }
  });
