import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SPEC_DEFAULTS } from '../../../../operator/desired/spec-defaults.ts';
import { crdSchema, type Schema } from '../../../../tools/support/crd-schema.ts';
import { assertGenerated } from '../../../support/docs/generated.ts';

const FILE = join(import.meta.dirname, '../../../../docs/chatcluster.md');
const MARK = '<!-- From crds/chatclusters.yaml by npm run update -->\n';

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map(choice => `\`${choice}\``).join(' ');
  if (schema['x-kubernetes-int-or-string']) return 'amount';
  if (schema.additionalProperties) return `map of ${typeOf(schema.additionalProperties)}`;
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  const bounds = schema.minimum !== undefined || schema.maximum !== undefined;
  return `${schema.type}${bounds ? ` ${schema.minimum ?? ''}..${schema.maximum ?? ''}` : ''}`;
}

function rows(schema: Schema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const at = `${path}.${name}`;
    const preset = SPEC_DEFAULTS[at.replace(/^spec\./, '')];
    const shown = preset === undefined || property.properties ? '' : `\`${JSON.stringify(preset)}\``;
    const required = schema.required?.includes(name) && shown === '' ? 'required' : shown;
    const row = `| \`${at}\` | ${typeOf(property)} | ${required} | ${(property.description ?? '').replace(/[|*]/g, '\\$&')} |`;
    return [row, ...rows(property, at), ...(property.items ? rows(property.items, `${at}[]`) : [])];
  });
}

test('docs/chatcluster.md is what the schema says', () => {
  const schema = crdSchema();
  const table = (part: string) =>
    [`| field | type | default | |`, '|---|---|---|---|', ...rows(schema.properties?.[part] ?? {}, part)].join('\n');
  const generated = `${MARK}\n## spec\n\n${table('spec')}\n\n## status\n\n${table('status')}\n`;
  const page = readFileSync(FILE, 'utf8');
  const head = page.slice(0, page.indexOf(MARK));
  assertGenerated(FILE, head + generated);
});
