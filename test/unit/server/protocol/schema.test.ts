import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import { FIELDS } from '../../../../server/protocol/reply-fields.ts';
import { type Fields, ID, type Kind, REQUESTS } from '../../../../server/protocol/schema.ts';

const source = readFileSync(new URL('../../../../server/protocol/client.proto', import.meta.url), 'utf8');
const { root } = protobuf.parse(source, { keepCase: true });
root.resolveAll();

type Shape = { readonly [field: string]: { readonly number: number; readonly kind: string; readonly fields?: Shape } };

function shapeOfType(type: protobuf.Type): Shape {
  return Object.fromEntries(
    type.fieldsArray.map(field => {
      const { id: number, resolvedType, type: kind } = field;
      if (!(resolvedType instanceof protobuf.Type)) return [field.name, { number, kind }];
      const fields = shapeOfType(resolvedType);
      return [field.name, { number, kind: field.map ? 'map' : 'message', fields }];
    }),
  );
}

function shapeOfKind(number: number, kind: Kind): Shape[string] {
  if (typeof kind === 'string') return { number, kind };
  return 'map' in kind
    ? { number, kind: 'map', fields: shapeOfFields(kind.map) }
    : { number, kind: 'message', fields: shapeOfFields(kind.message) };
}
function shapeOfFields(fields: Fields): Shape {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { number, kind }]) => [name, shapeOfKind(number, kind)]),
  );
}

test('client.proto and the table of requests name the same fields, numbers and types', () => {
  const table: Shape = {
    id: { number: ID, kind: 'uint32' },
    ...Object.fromEntries(
      Object.entries(REQUESTS).map(([name, { number, fields }]) => [
        name,
        { number, kind: 'message', fields: shapeOfFields(fields) },
      ]),
    ),
  };
  assert.deepEqual(shapeOfType(root.lookupType('Command')), table);
});

function messagesOf(type: protobuf.Type, into = new Map<string, protobuf.Type>()): Map<string, protobuf.Type> {
  if (into.has(type.name)) return into;
  into.set(type.name, type);
  for (const { resolvedType } of type.fieldsArray) {
    if (resolvedType instanceof protobuf.Type) messagesOf(resolvedType, into);
  }
  return into;
}

test('client.proto and the numbers the encoder writes are the same', () => {
  const described = Object.fromEntries(
    [...messagesOf(root.lookupType('Reply')).values()]
      .filter(type => type.fieldsArray.length > 0)
      .map(type => [type.name, Object.fromEntries(type.fieldsArray.map(({ name, id }) => [name, id]))]),
  );
  assert.deepEqual(described, FIELDS);
});
