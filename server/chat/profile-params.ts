import type { Profile, Status } from '../fold/profile.ts';
import { about, int, line, list, object, optional, secureAddress, text, type ValuesOf } from './params.ts';

/** Most characters of a name: it has to fit a line of a list. */
const MOST_NAME = 80;
/** Most characters of the address of an image. */
const MOST_AVATAR = 500;
/** Most characters of a text about oneself: a paragraph. */
const MOST_ABOUT = 500;
/** Most further facts of a profile. */
const MOST_FIELDS = 20;
/** Most characters of a status: a short line. */
const MOST_STATUS = 80;
/** Code points of an emoji: families and flags with skin tones have up to 10. */
const MOST_EMOJI = 16;

const FIELD = object({
  name: about(line(40), 'Name of the fact, such as `Office`.'),
  value: about(line(200), 'Fact.'),
});

/** Profile as a call gives or gets it: what is missing is empty. */
export const PROFILE = {
  name: about(optional(line(MOST_NAME)), 'Name, for people.'),
  avatar: about(optional(secureAddress(MOST_AVATAR)), 'Image.'),
  about: about(optional(text({ max: MOST_ABOUT })), 'Words about the user.'),
  fields: about(optional(list(FIELD, MOST_FIELDS)), 'Further facts.'),
};

/** Status as a call gives or gets it. */
export const STATUS = {
  text: about(optional(line(MOST_STATUS)), 'Words.'),
  emoji: about(optional(line(MOST_EMOJI)), 'Emoji.'),
  until: about(optional(int({ min: 1 })), 'End of the status, milliseconds since 1970. Missing for none.'),
};

/** Profile that a call gives. */
export const profileOf = ({ name = '', avatar = '', about = '', fields = [] }: ValuesOf<typeof PROFILE>): Profile => ({
  name,
  avatar,
  about,
  fields,
});

/** Status that a call gives. */
export const statusOf = ({ text = '', emoji = '', until = 0 }: ValuesOf<typeof STATUS>): Status => ({
  text,
  emoji,
  until,
});

/** Profile as a call gets it: without what is empty. */
export function shownProfile({ name, avatar, about, fields }: Profile): ValuesOf<typeof PROFILE> {
  return { ...given({ name, avatar, about }), ...(fields.length > 0 ? { fields } : {}) };
}

/** Status as a call gets it at a moment; undefined for none, and for one that has ended. */
export function shownStatus({ text, emoji, until }: Status, now: number): ValuesOf<typeof STATUS> | undefined {
  const isOver = until > 0 && until <= now;
  if (isOver || (text === '' && emoji === '')) return undefined;
  return { ...given({ text, emoji }), ...(until > 0 ? { until } : {}) };
}

/** Texts that are not empty. */
const given = <T extends Readonly<Record<string, string>>>(texts: T): Partial<T> =>
  Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== '')) as Partial<T>;
