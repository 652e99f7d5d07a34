import { OPTIONS } from '../contract/options.ts';
import { unknownRules } from '../contract/room-kind-fields.ts';
import type { Env } from './config.ts';

/** Most edits between a misspelled name and the option it means. */
const MOST_EDITS = 4;

/**
 * Warns of each `CHAT_` variable that belongs to no option, with the nearest option if one is close, and of each field of
 * `roomRules` that is none. Not an error: a newer operator may set options that this image does not have.
 */
export function unknownVariables(env: Env): string[] {
  const known: string[] = Object.values(OPTIONS).map(option => option.env);
  const rules = OPTIONS.roomRules.env;
  const fields = unknownRules(env[rules] ?? '').map(
    field => `${rules}: ${field} is no field of this version and is ignored`,
  );
  const variables = Object.keys(env)
    .filter(name => name.startsWith('CHAT_') && !known.includes(name))
    .map(name => {
      const [near] = known
        .map(other => ({ other, edits: editsBetween(name, other) }))
        .filter(({ edits }) => edits <= MOST_EDITS)
        .sort((a, b) => a.edits - b.edits);
      return `${name} is not an option of this version and is ignored${near ? `; did you mean ${near.other}?` : ''}`;
    });
  return [...variables, ...fields];
}

/** Number of letters to insert, remove or replace to turn `a` into `b` (Levenshtein distance). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
