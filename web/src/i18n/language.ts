import { en, type StringKey, type Strings } from './en.ts';
import { zh } from './zh.ts';

/** The languages by their tag, each with its own name for itself. */
export const LANGUAGES = { en: { name: 'English', strings: en }, zh: { name: '中文', strings: zh } } as const;

export type Language = keyof typeof LANGUAGES;

/**
 * The first language of `wanted` that the page has, else English.
 * @param wanted tags in order of preference, such as `navigator.languages`
 */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0];
    if (base !== undefined && base in LANGUAGES) return base as Language;
  }
  return 'en';
}

type CountKey = StringKey extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;
type Values = Readonly<Record<string, string | number>>;

/** The texts of one language, with its forms of numbers, times and plurals. */
export class Texts {
  readonly language: Language;
  readonly #strings: Strings;
  readonly #plurals: Intl.PluralRules;
  readonly #numbers: Intl.NumberFormat;
  readonly #list: Intl.ListFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #dayOfYear: Intl.DateTimeFormat;
  readonly #full: Intl.DateTimeFormat;
  readonly #dayAndTime: Intl.DateTimeFormat;

  constructor(language: Language) {
    this.language = language;
    this.#strings = LANGUAGES[language].strings;
    this.#plurals = new Intl.PluralRules(language);
    this.#numbers = new Intl.NumberFormat(language);
    this.#list = new Intl.ListFormat(language);
    this.#time = new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' });
    this.#day = new Intl.DateTimeFormat(language, { weekday: 'long', month: 'long', day: 'numeric' });
    this.#dayOfYear = new Intl.DateTimeFormat(language, { year: 'numeric', month: 'long', day: 'numeric' });
    this.#dayAndTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
    this.#full = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'medium' });
  }

  text(key: StringKey, values: Values = {}): string {
    return this.#strings[key].replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      if (value === undefined) return whole;
      return typeof value === 'number' ? this.#numbers.format(value) : value;
    });
  }

  /** The singular or plural form of a text, chosen by `count`. */
  count(key: Exclude<CountKey, 'error'>, count: number): string {
    const form = this.#plurals.select(count) === 'one' ? 'one' : 'other';
    return this.text(`${key}.${form}`, { count });
  }

  number(value: number): string {
    return this.#numbers.format(value);
  }

  /** Parts as a phrase, such as `alice, bob, and carol`. */
  list(parts: readonly string[]): string {
    return this.#list.format(parts);
  }

  /** @param at milliseconds since 1970 */
  time(at: number): string {
    return this.#time.format(at);
  }

  /** A day with its year, and the time, in a few characters. @param at milliseconds since 1970 */
  dayAndTime(at: number): string {
    return this.#dayAndTime.format(at);
  }

  /** @param at milliseconds since 1970 */
  fullTime(at: number): string {
    return this.#full.format(at);
  }

  /** The day of `at` as seen at `now`, both in milliseconds since 1970. */
  day(at: number, now: number): string {
    const days = calendarDaysBetween(at, now);
    if (days === 0) return this.text('messages.today');
    if (days === 1) return this.text('messages.yesterday');
    return (days > 0 && days < 180 ? this.#day : this.#dayOfYear).format(at);
  }

  /** The reason for a refused command in this language; of an unknown code, `reason` as the server sent it. */
  reason(code: number, reason: string): string {
    const key = `error.${code}`;
    return this.text(key in this.#strings ? (key as StringKey) : 'error.other', { reason, code: String(code) });
  }
}

/** Midnights of the local calendar between two times, in milliseconds since 1970. */
export function calendarDaysBetween(earlier: number, later: number): number {
  const midnight = (at: number) => new Date(at).setHours(0, 0, 0, 0);
  // Days of 23 and 25 hours (daylight saving time) round to one.
  return Math.round((midnight(later) - midnight(earlier)) / 86_400_000);
}
