/** Facts that a user shows everybody, for people. Texts and lists are empty for what the user does not tell. */
export interface Profile {
  readonly name: string;
  /** URL of an image. */
  readonly avatar: string;
  readonly about: string;
  /** Further facts in the order of the user. */
  readonly fields: readonly ProfileField[];
}

export interface ProfileField {
  readonly name: string;
  readonly value: string;
}

/** Present activity of a user, for people. */
export interface Status {
  readonly text: string;
  readonly emoji: string;
  /** Milliseconds since 1970 from which it is not shown any more; 0 for no end. */
  readonly until: number;
}

/** Changes of an entry `me` to the profile; missing for what it does not change. */
export interface ProfileChange {
  readonly profile?: Profile;
  readonly status?: Status;
}

/** Reads what the body of an entry `me` changes of the profile. Pure. */
export function readProfileEntry({ type }: { readonly type: string }, data: unknown): ProfileChange {
  if (type !== 'me' || typeof data !== 'object' || data === null) return {};
  const { profile, status } = data as { readonly profile?: unknown; readonly status?: unknown };
  return {
    ...(isObject(profile) ? { profile: readProfile(profile) } : {}),
    ...(isObject(status) ? { status: readStatus(status) } : {}),
  };
}

/** Reads a profile; what is missing or of another type is empty. Pure. */
export function readProfile(json: unknown): Profile {
  const { name, avatar, about, fields } = fieldsOf(json);
  const read = (Array.isArray(fields) ? fields : []).map(fieldsOf);
  return {
    name: textOf(name),
    avatar: textOf(avatar),
    about: textOf(about),
    fields: read.map(field => ({ name: textOf(field['name']), value: textOf(field['value']) })),
  };
}

/** Reads a status; what is missing or of another type is empty. Pure. */
export function readStatus(json: unknown): Status {
  const { text, emoji, until } = fieldsOf(json);
  return {
    text: textOf(text),
    emoji: textOf(emoji),
    until: Number.isSafeInteger(until) ? (until as number) : 0,
  };
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const fieldsOf = (value: unknown): Json => (isObject(value) ? value : {});
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
