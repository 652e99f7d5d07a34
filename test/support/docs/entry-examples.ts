import { readFileSync } from 'node:fs';

/** Publication as docs/protocol.md shows it. */
export interface EntryExample {
  readonly offset: number;
  readonly tags: { readonly type: string };
  /** Missing for entries of workers. */
  readonly info?: { readonly user: string };
  readonly data: Readonly<Record<string, unknown>>;
}

const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
const section = page.slice(page.indexOf('\n## Entries\n'), page.indexOf('\n## Ephemeral events\n'));

/** Examples of entries in docs/protocol.md, in rooms and in inboxes. */
export const ENTRY_EXAMPLES: readonly EntryExample[] = [...section.matchAll(/^\{.*\}$/gm)].map(
  ([line]) => JSON.parse(line) as EntryExample,
);

/** Types that the table below the examples explains. */
export const EXPLAINED_TYPES: readonly string[] = [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/`(\w+)`/g)].map(([, type = '']) => type),
);

/** A value with the types of its parts instead of the parts. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, shapeOf(field)]));
}
