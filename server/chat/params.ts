import { MAX_CHANNEL_BYTES } from '../access/names.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Schema, SchemaType } from './schema.ts';

/** Type of a parameter of a verb, or of a field of its result. */
export interface Param<T> {
  /**
   * Checks a value that came from a client. Unknown fields of objects are left out.
   * @param field name of the field in the error, for example `marks[0].room`
   * @throws {CommandError} 107; the text names the field and the limit
   */
  read(value: unknown, field: string): T;
  readonly schema: Schema;
  /** Rules for people, a phrase without a full stop. */
  readonly rules: string;
}

/** Parameter that may be absent. `null` counts as absent. */
export interface Optional<T> extends Param<T | undefined> {
  readonly optional: true;
}

/** Types of fields by their names. */
export type Fields = Readonly<Record<string, Param<unknown>>>;

type ValueOf<P> = P extends Param<infer T> ? T : never;
type OptionalKeys<F> = { [K in keyof F]: F[K] extends { readonly optional: true } ? K : never }[keyof F];
/** Values of fields. */
export type ValuesOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: ValueOf<F[K]> };

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const refusal = (field: string, rule: string) => new CommandError(ERRORS.badRequest, `${field} ${rule}`);

/** Name of a room. Its form is checked with the rights: `access` answers for rooms that cannot exist. */
export const roomName: Param<string> = {
  read(value, field) {
    if (typeof value !== 'string') throw refusal(field, 'must be a string');
    return value;
  },
  schema: { type: 'string', pattern: '^[^:]+:.+$', maxLength: MAX_CHANNEL_BYTES },
  rules: `name of a room, \`kind:name\`, at most ${MAX_CHANNEL_BYTES} bytes of UTF-8`,
};

/** Id that the client made: a UUID of version 7, whose time is the server's. */
export const uuid7: Param<string> = {
  read(value, field) {
    if (typeof value !== 'string' || !UUID7.test(value)) throw refusal(field, 'must be a UUIDv7 in lower case');
    return value;
  },
  schema: { type: 'string', format: 'uuid', pattern: UUID7.source },
  rules: "UUIDv7 in lower case, made by the server's time",
};

/** Well-formed text. @param limits in Unicode code points; `min` defaults to 0, `max` to none */
export function text({ min = 0, max }: { readonly min?: number; readonly max?: number } = {}): Param<string> {
  const atLeast = min === 1 ? 'must not be empty' : `must have at least ${min} characters`;
  return {
    read(value, field) {
      if (typeof value !== 'string') throw refusal(field, min === 0 ? 'must be a string' : atLeast);
      if (value === '' ? min > 0 : min > 1 && [...value].length < min) throw refusal(field, atLeast);
      if (!value.isWellFormed()) throw refusal(field, 'must be well-formed Unicode');
      // Code points are counted only where they decide: most texts are short.
      if (max !== undefined && value.length > max && [...value].length > max)
        throw refusal(field, `must have at most ${max} characters`);
      return value;
    },
    schema: {
      type: 'string',
      ...(min > 0 ? { minLength: min } : {}),
      ...(max === undefined ? {} : { maxLength: max }),
    },
    rules: textRules(min, max),
  };
}

function textRules(min: number, max: number | undefined): string {
  if (max !== undefined) return `text of ${min} to ${max} characters`;
  if (min > 1) return `text of at least ${min} characters`;
  return min === 1 ? 'text, not empty' : 'text';
}

/** Text of one line: without line breaks and other control characters, and without those that turn the direction of what follows. */
export function line(max: number): Param<string> {
  const any = text({ max });
  const rule = 'must be one line without control characters';
  return {
    ...any,
    read(value, field) {
      const given = any.read(value, field);
      if (/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(given)) throw refusal(field, rule);
      return given;
    },
    rules: `${any.rules}, one line`,
  };
}

/** Address of something on the web, or empty for none. @param max Unicode code points */
export function webAddress(max: number): Param<string> {
  const any = text({ max });
  return {
    ...any,
    read(value, field) {
      const given = any.read(value, field);
      const scheme = URL.parse(given)?.protocol;
      if (given !== '' && scheme !== 'https:' && scheme !== 'http:')
        throw refusal(field, 'must be a URL that begins with https:// or http://, or empty');
      return given;
    },
    rules: `URL with \`https\` or \`http\`, or empty, at most ${max} characters`,
  };
}

/** Address of something on the web that is read over TLS, or empty for none. @param max Unicode code points */
export function secureAddress(max: number): Param<string> {
  const any = text({ max });
  return {
    ...any,
    read(value, field) {
      const given = any.read(value, field);
      if (given !== '' && URL.parse(given)?.protocol !== 'https:')
        throw refusal(field, 'must be a URL that begins with https://, or empty');
      return given;
    },
    rules: `URL with \`https\`, or empty, at most ${max} characters`,
  };
}

/** Integer. @param limits both included; 0 and 2^53 - 1 by default */
export function int({ min = 0, max = Number.MAX_SAFE_INTEGER } = {}): Param<number> {
  const rules = `integer from ${min} to ${max === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : max}`;
  return {
    read(value, field) {
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
        throw refusal(field, `must be an ${rules}`);
      return value;
    },
    schema: { type: 'integer', minimum: min, maximum: max },
    rules,
  };
}

export const bool: Param<boolean> = {
  read(value, field) {
    if (typeof value !== 'boolean') throw refusal(field, 'must be true or false');
    return value;
  },
  schema: { type: 'boolean' },
  rules: '`true` or `false`',
};

/** One of some words. */
export function oneOf<const W extends string>(...words: readonly W[]): Param<W> {
  return {
    read(value, field) {
      const word = words.find(word => word === value);
      if (word === undefined) throw refusal(field, `must be one of ${words.join(', ')}`);
      return word;
    },
    schema: { type: 'string', enum: words },
    rules: words.map(word => `\`${word}\``).join(' or '),
  };
}

/** List of values of one type. @param most number of values @param least the same, 0 by default */
export function list<T>(of: Param<T>, most: number, least = 0): Param<readonly T[]> {
  const size = least === 0 ? `at most ${most}` : `${least} to ${most}`;
  return {
    read(value, field) {
      if (!Array.isArray(value) || value.length > most || value.length < least)
        throw refusal(field, `must be a list of ${size}`);
      return value.map((item, index) => of.read(item, `${field}[${index}]`));
    },
    schema: { type: 'array', items: of.schema, ...(least > 0 ? { minItems: least } : {}), maxItems: most },
    rules: `list of ${size}: ${of.rules}`,
  };
}

/** Value with fields of its own. */
export function object<F extends Fields>(fields: F): Param<ValuesOf<F>> {
  const names = Object.entries(fields).map(([name, { rules }]) => `\`${name}\` (${rules})`);
  return {
    read(value, field) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw refusal(field, 'must be an object');
      return readFields(fields, value, `${field}.`);
    },
    schema: schemaOf(fields),
    rules: `object with ${names.join(', ')}`,
  };
}

/** Value of each of some users, by user. */
export function byUser<T>(of: Param<T>): Param<Readonly<Record<string, T>>> {
  return {
    read(value, field) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw refusal(field, 'must be an object');
      return Object.fromEntries(Object.entries(value).map(([user, item]) => [user, of.read(item, `${field}.${user}`)]));
    },
    schema: { type: 'object', additionalProperties: of.schema },
    rules: `object with a value for each user: ${of.rules}`,
  };
}

/** Field of a result whose value may be unknown. */
export function nullable<T>(of: Param<T>): Param<T | null> {
  return {
    read: (value, field) => (value === null ? null : of.read(value, field)),
    schema: { ...of.schema, type: [of.schema.type as SchemaType, 'null'] },
    rules: `${of.rules}, or \`null\``,
  };
}

/** Parameter that may be absent. */
export function optional<T>(of: Param<T>): Optional<T> {
  return {
    ...of,
    read: (value, field) => (value === undefined || value === null ? undefined : of.read(value, field)),
    optional: true,
  };
}

/** The same parameter with a sentence for people on what it is for. */
export function about<P extends Param<unknown>>(param: P, sentence: string): P {
  return { ...param, schema: { ...param.schema, description: sentence } };
}

/** Reads fields from what a client sent. Anything but an object has none of them. @param path before the names in errors */
export function readFields<F extends Fields>(fields: F, from: unknown, path = ''): ValuesOf<F> {
  const given = (typeof from === 'object' && from !== null ? from : {}) as Record<string, unknown>;
  const values: Record<string, unknown> = {};
  for (const [name, param] of Object.entries(fields)) {
    const value = param.read(Object.hasOwn(given, name) ? given[name] : undefined, path + name);
    if (value !== undefined) values[name] = value;
  }
  return values as ValuesOf<F>;
}

/** Schema of an object with these fields. */
export function schemaOf(fields: Fields): Schema {
  const entries = Object.entries(fields);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
    required: entries.filter(([, param]) => !('optional' in param)).map(([name]) => name),
  };
}
