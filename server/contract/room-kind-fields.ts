import { type DeclaredKind, type KindLimits, type KindRules, type KindSizes, RESERVED_KINDS } from './room-kinds.ts';

type Words = Exclude<keyof KindRules, 'maxMembers' | 'limits' | 'sizes'>;

/** Values of the fields that are words. */
export const KIND_WORDS: { readonly [F in Words]: readonly KindRules[F][] } = {
  access: ['Open', 'Claim', 'Members'],
  create: ['Anyone', 'Nobody'],
  join: ['Anyone', 'Request', 'Invite'],
  write: ['Everyone', 'Members', 'Staff'],
  history: ['All', 'Joined'],
  invite: ['Member', 'Moderator', 'Admin'],
  publish: ['Enabled', 'Disabled'],
};

/** Lowest and highest value of a field that is a number, both included. */
type Bounds = readonly [lowest: number, highest: number];

/** Bounds of `maxMembers`. A state that lists more would not fit a message of NATS; rooms without a limit keep a short one. */
export const MEMBER_BOUNDS: Bounds = [0, 1_000_000];

const TEN_YEARS = 10 * 365 * 86_400;

/** Bounds of the limits. Windows end at ten years: longer is no limit to a person. */
export const LIMIT_BOUNDS: Readonly<Record<keyof KindLimits, Bounds>> = {
  textCharacters: [1, 1_000_000], // CHAT_MAX_MESSAGE_BYTES bounds a message as well
  editSeconds: [0, TEN_YEARS],
  deleteSeconds: [0, TEN_YEARS],
  emojiPerMessage: [0, 100], // each is listed with the message
};

/** Members up to which the state of a room lists all of them: a feature for each member has to know them. */
const SIZE: Bounds = [0, 1_000];

/** Bounds of the sizes. */
export const SIZE_BOUNDS: Readonly<Record<keyof KindSizes, Bounds>> = {
  typing: SIZE,
  receipts: SIZE,
  presence: SIZE,
  mentionAll: SIZE,
};

/** Fields that are objects of numbers, with the bounds of these. */
export const KIND_NUMBERS: { readonly [F in 'limits' | 'sizes']: Readonly<Record<keyof KindRules[F], Bounds>> } = {
  limits: LIMIT_BOUNDS,
  sizes: SIZE_BOUNDS,
};

/** Fields that are no objects. */
const FIELDS: readonly string[] = [...Object.keys(KIND_WORDS), 'maxMembers'];

const KIND_NAME = /^[a-z][a-z0-9]{0,31}$/;

type Fields = Readonly<Record<string, unknown>>;
type Objects = Readonly<Record<string, Fields>>;

/** Kinds of the option `roomRules`. Fields of newer releases are left out. @throws {Error} if it is no JSON of objects */
export function parseRules(text: string): Readonly<Record<string, DeclaredKind>> {
  const kinds = objectsIn(text);
  return Object.fromEntries(Object.entries(kinds).map(([name, given]) => [name, knownFields(given)]));
}

function objectsIn(text: string): Objects {
  const kinds: unknown = JSON.parse(text === '' ? '{}' : text);
  if (!isObject(kinds) || !Object.values(kinds).every(isObject))
    throw new Error('must be a JSON object with an object for each kind');
  return kinds as Objects;
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function knownFields(given: Fields): DeclaredKind {
  const fields = Object.entries(given).filter(([name]) => FIELDS.includes(name));
  const numbers = Object.entries(KIND_NUMBERS).flatMap(([name, bounds]) => {
    const of = given[name];
    const known = isObject(of) ? Object.entries(of).filter(([number]) => Object.hasOwn(bounds, number)) : [];
    return known.length > 0 ? [[name, Object.fromEntries(known)] as const] : [];
  });
  return Object.fromEntries([...fields, ...numbers]) as DeclaredKind;
}

/** Fields of the option `roomRules` that this release does not know, as `kind.field`; none if it has a problem. */
export function unknownRules(text: string): string[] {
  if (rulesProblem(text) !== null) return [];
  return Object.entries(objectsIn(text)).flatMap(([kind, given]) =>
    Object.entries(given).flatMap(([field, value]) => {
      const bounds = Object.entries(KIND_NUMBERS).find(([name]) => name === field)?.[1];
      if (!bounds) return FIELDS.includes(field) ? [] : [`${kind}.${field}`];
      const unknown = Object.keys(value as Fields).filter(number => !Object.hasOwn(bounds, number));
      return unknown.map(number => `${kind}.${field}.${number}`);
    }),
  );
}

/** Checks each field of the option `roomRules`. @returns all problems, or null; each names the kind, the field and its limit */
export function rulesProblem(text: string): string | null {
  try {
    const problems = Object.entries(objectsIn(text)).flatMap(([name, given]) => problemsOf(name, given));
    return problems.length === 0 ? null : problems.join('; ');
  } catch (error) {
    return (error as Error).message;
  }
}

function problemsOf(name: string, given: Fields): string[] {
  const reserved = RESERVED_KINDS.get(name);
  if (reserved) return [`${name} is ${reserved} and cannot be declared`];
  if (!KIND_NAME.test(name)) return [`the name ${JSON.stringify(name)} must match ${KIND_NAME.source}`];
  return [
    ...Object.entries(KIND_WORDS).flatMap(([field, choices]) => wordProblem(`${name}.${field}`, given[field], choices)),
    ...numberProblem(`${name}.maxMembers`, given['maxMembers'], MEMBER_BOUNDS),
    ...Object.entries(KIND_NUMBERS).flatMap(([field, bounds]) =>
      numbersProblems(`${name}.${field}`, given[field], bounds),
    ),
  ];
}

function numbersProblems(path: string, numbers: unknown = {}, bounds: Readonly<Record<string, Bounds>>): string[] {
  if (!isObject(numbers)) return [`${path} must be an object`];
  return Object.entries(bounds).flatMap(([name, limits]) => numberProblem(`${path}.${name}`, numbers[name], limits));
}

function wordProblem(path: string, value: unknown, choices: readonly string[]): string[] {
  if (value === undefined || choices.includes(value as string)) return [];
  return [`${path} must be one of ${choices.join(', ')}, got ${JSON.stringify(value)}`];
}

function numberProblem(path: string, value: unknown, [lowest, highest]: Bounds): string[] {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= lowest && value <= highest;
  if (value === undefined || fits) return [];
  return [`${path} must be an integer from ${lowest} to ${highest}, got ${JSON.stringify(value)}`];
}
