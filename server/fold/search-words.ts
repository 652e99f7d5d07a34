/**
 * Forms of letters that are looked up as one: case, width, ligatures, and marks on letters that some people leave out. Marks of other
 * scripts, such as the vowels of Hindi or the dots of か and が, distinguish words and stay.
 */
export function folded(text: string): string {
  // By way of upper case: it makes of ß, ſ and final ς what other forms of the letter become, and lower case before it of ẞ.
  const cased = text.normalize('NFKD').toLowerCase().toUpperCase().toLowerCase().normalize('NFKD');
  return cased.replace(LOOSE_MARKS, '').replaceAll('ς', 'σ').normalize('NFC');
}

/** Accents of Latin, Greek and Cyrillic letters; points of Hebrew and Arabic vowels. */
const LOOSE_MARKS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/gu;

/** Runs of letters, digits and their marks. */
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
/** Parts of a word: characters of scripts that are written without spaces, or others. */
const PART = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]+|[^\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]+/gu;
const DENSE = /^[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]/u;

/** Characters of a word that count: more would only make the index larger. */
const MOST_CHARACTERS = 32;
/** Most entries for one name: one of 80 characters has fewer in every common script. */
const MOST_ENTRIES = 200;
/** Least characters of a word with spaces around it: a single letter finds a large part of all users. */
const LEAST_CHARACTERS = 2;

/** Parts of a text that are looked up: characters, each a code point. */
const partsOf = (text: string): readonly (readonly string[])[] =>
  (folded(text).match(WORD) ?? []).flatMap(word => word.match(PART) ?? []).map(part => [...part]);

/**
 * Entries under which a name is found: every beginning of each word, and in scripts that are written without spaces each character and each
 * two that follow each other. Pure.
 */
export function indexedWords(name: string): string[] {
  const entries = new Set<string>();
  for (const part of partsOf(name)) {
    const some = isDense(part) ? [...part, ...pairsOf(part)] : beginningsOf(part.slice(0, MOST_CHARACTERS));
    for (const entry of some) entries.add(entry);
  }
  return [...entries].slice(0, MOST_ENTRIES);
}

/**
 * Entries that a name must have to be found by a text, the longest first: it is the rarest. Pure.
 * @returns null for a text that is too short to look for
 */
export function askedWords(text: string): readonly string[] | null {
  const parts = partsOf(text);
  const isEnough = parts.some(part => isDense(part) || part.length >= LEAST_CHARACTERS);
  if (!isEnough) return null;
  const entries = parts.flatMap(part => {
    if (!isDense(part)) return [part.slice(0, MOST_CHARACTERS).join('')];
    return part.length === 1 ? part : pairsOf(part);
  });
  return [...new Set(entries)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
}

const isDense = ([first = '']: readonly string[]): boolean => DENSE.test(first);
const pairsOf = (part: readonly string[]) => part.slice(1).map((character, index) => `${part[index]}${character}`);
const beginningsOf = (part: readonly string[]) => part.map((_, index) => part.slice(0, index + 1).join(''));
