/** Users whom another user lets act, by a setting. */
export type Audience = 'everyone' | 'friends' | 'nobody';

/** Settings of a user that others are subject to. */
export interface Privacy {
  /** Users who may open a room with the user. Rooms that are open already go on. */
  readonly dm: Audience;
  /** Users who may make the user a member of a room at once. Invitations, which the user accepts, are not subject to it. */
  readonly add: Audience;
  /** Users who may invite the user to a room. */
  readonly invite: Audience;
  /** Users who may ask the user to be a friend. */
  readonly request: Exclude<Audience, 'friends'>;
  /** Users who may see whether the user is online. */
  readonly presence: Audience;
  /** `off`: others do not see what the user has read, nor the user what they have. */
  readonly receipts: 'on' | 'off';
}

export interface UserSettings {
  readonly privacy: Privacy;
  /** True if the user looks offline to everybody. */
  readonly invisible: boolean;
}

const AUDIENCES = ['everyone', 'friends', 'nobody'] as const satisfies readonly Audience[];

/** Values of each setting of {@link Privacy}, the default first. */
export const PRIVACY_VALUES = {
  dm: AUDIENCES,
  add: AUDIENCES,
  invite: AUDIENCES,
  request: ['everyone', 'nobody'],
  presence: AUDIENCES,
  receipts: ['on', 'off'],
} as const satisfies { readonly [N in keyof Privacy]: readonly Privacy[N][] };

/** Values of every setting, by its name. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = { ...PRIVACY_VALUES, invisible: [false, true] };

/** Last value that a user gave a setting. */
interface Given {
  /** Offset of the entry in the log of the user's inbox: of two the higher one counts. It rises over epochs too. */
  readonly at: number;
  readonly value: unknown;
}

/** Settings that a user has changed, each with its last value by the offsets of the own inbox. So writes commute. */
export type GivenSettings = Readonly<Record<string, Given>>;

/** A user who has changed no setting. */
export const NO_SETTINGS: GivenSettings = {};

/** Settings as they count. Pure. */
export function settingsFrom(given: GivenSettings): UserSettings {
  const lastOf = (name: string) => given[name]?.value ?? VALUES[name]?.[0];
  const privacy = Object.fromEntries(Object.keys(PRIVACY_VALUES).map(name => [name, lastOf(name)]));
  return { privacy: privacy as unknown as Privacy, invisible: lastOf('invisible') === true };
}

/** Settings with all that two places know of them, in any order. Pure. @returns the same settings if the other place knows nothing more */
export function mergedSettings(settings: GivenSettings, more: GivenSettings): GivenSettings {
  const later = Object.entries(more).filter(([name, { at }]) => at > (settings[name]?.at ?? 0));
  return later.length === 0 ? settings : { ...settings, ...Object.fromEntries(later) };
}

/** Reads the settings that the body of an entry `me` changes. Pure. @returns null if it changes none */
export function readSettingsEntry(
  { type, offset }: { readonly type: string; readonly offset: number },
  data: unknown,
): GivenSettings | null {
  if (type !== 'me' || typeof data !== 'object' || data === null) return null;
  const { privacy, invisible } = data as { readonly privacy?: unknown; readonly invisible?: unknown };
  const values = { ...(typeof privacy === 'object' ? privacy : {}), invisible };
  const given = Object.entries(values).filter(([name, value]) => isValue(name, value));
  return given.length === 0 ? null : Object.fromEntries(given.map(([name, value]) => [name, { at: offset, value }]));
}

/** Reads settings from JSON. Names and values that this release does not know are left out. Pure. @returns null if it is none */
export function readGivenSettings(json: unknown): GivenSettings | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
  const read = Object.entries(json as Readonly<Record<string, unknown>>).flatMap(([name, item]) => {
    const { at, value } = (item ?? {}) as Partial<Record<keyof Given, unknown>>;
    return Number.isSafeInteger(at) && isValue(name, value) ? [[name, { at: at as number, value }] as const] : [];
  });
  return Object.fromEntries(read);
}

const isValue = (name: string, value: unknown): boolean =>
  Object.hasOwn(VALUES, name) && VALUES[name]?.includes(value) === true;
