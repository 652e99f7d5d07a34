import type { Fields } from '../../../server/chat/params.ts';
import type { Schema } from '../../../server/chat/schema.ts';
import type { Verb } from '../../../server/chat/verb.ts';
import { VERBS } from '../../../server/chat/verbs.ts';

/** Longest line that the formatter keeps. */
const MOST_COLUMNS = 120;

/** Types of the parameters and results of all verbs, `client/verbs.ts`. */
export function verbsTypes(verbs: Readonly<Record<string, Verb>> = VERBS): string {
  const members = Object.entries(verbs).flatMap(([name, { summary, params, result }]) => [
    `  /** ${summary} */`,
    `  readonly ${/^[a-z]+$/.test(name) ? name : `'${name}'`}: {`,
    ...block('params', params),
    ...block('result', result),
    '  };',
  ]);
  return [
    '// Generated from the table of verbs: `npm run update` writes this file.',
    '',
    '/** Parameters and results of the verbs, by name. */',
    'export interface Verbs {',
    ...members,
    '}',
    '',
    '/** Name of a verb. */',
    'export type VerbName = keyof Verbs;',
    '/** Parameters of a verb. */',
    "export type ParamsOf<V extends VerbName> = Verbs[V]['params'];",
    '/** Result of a verb. */',
    "export type ResultOf<V extends VerbName> = Verbs[V]['result'];",
    '',
  ].join('\n');
}

function block(title: string, fields: Fields): string[] {
  if (Object.keys(fields).length === 0) return [`    readonly ${title}: Readonly<Record<string, never>>;`];
  return [
    `    readonly ${title}: {`,
    ...Object.entries(fields).flatMap(([name, param]) => {
      const { description } = param.schema;
      const rules = `${param.rules.charAt(0).toUpperCase()}${param.rules.slice(1)}.`;
      const line = property(name, param.schema, !('optional' in param), '      ');
      return [`      /** ${description === undefined ? rules : `${rules} ${description}`} */`, ...line];
    }),
    '    };',
  ];
}

function property(name: string, schema: Schema, required: boolean, indent: string): string[] {
  const head = `${indent}readonly ${name}${required ? '' : '?'}:`;
  const words = schema.enum?.map(word => `'${word}'`);
  if (words && `${head} ${words.join(' | ')};`.length > MOST_COLUMNS)
    return [head, ...words.map((word, at) => `${indent}  | ${word}${at === words.length - 1 ? ';' : ''}`)];
  const listed = schema.items?.enum?.map(word => `'${word}'`) ?? [];
  if (`${head} readonly (${listed.join(' | ')})[];`.length > MOST_COLUMNS)
    return [`${head} readonly (`, ...listed.map(word => `${indent}  | ${word}`), `${indent})[];`];
  const lines = typeOf(schema, indent);
  lines[0] = `${head} ${lines[0]}`;
  lines.push(`${lines.pop()};`);
  return lines;
}

/** Lines of a type; the first one belongs behind its name. */
function typeOf(schema: Schema, indent: string): string[] {
  const { type, enum: words, items, properties, required = [], additionalProperties: values } = schema;
  if (typeof type !== 'string') {
    const [one, none] = type;
    const lines = typeOf({ ...schema, type: one }, indent);
    lines.push(`${lines.pop()} | ${none}`);
    return lines;
  }
  if (words) return [words.map(word => `'${word}'`).join(' | ')];
  if (type === 'integer') return ['number'];
  if (type === 'array' && items) {
    const lines = typeOf(items, indent);
    const many = items.enum !== undefined && items.enum.length > 1;
    lines[0] = `readonly ${many ? '(' : ''}${lines[0]}`;
    lines.push(`${lines.pop()}${many ? ')' : ''}[]`);
    return lines;
  }
  if (values) return [`{ readonly [user: string]: ${typeOf(values, indent).join('\n')} }`];
  if (!properties) return [type];
  const inner = Object.entries(properties).flatMap(([name, schema]) =>
    property(name, schema, required.includes(name), `${indent}  `),
  );
  return ['{', ...inner, `${indent}}`];
}
