import type { Person } from './person.ts';

/** An entry of an inbox. */
export interface InboxEntry {
  readonly offset: number;
  readonly id: string;
  readonly type: string;
  readonly room: string;
  readonly act?: string;
  readonly state?: string;
  readonly rank?: string;
}

/** All entries of a user's inbox, from LOG and MongoDB, as the user reads them. */
export async function inboxOf(person: Person): Promise<InboxEntry[]> {
  const { publications } = await person.sdk.history(`user:${person.user}`, { limit: 10_000 });
  return publications.map(({ offset = 0, data }) => ({
    ...(person.value(data) as Omit<InboxEntry, 'offset'>),
    offset,
  }));
}

/** Ids of entries that an inbox has more than once: a notice has the same id each time it is made. */
export function repeatedIn(entries: readonly Pick<InboxEntry, 'id'>[]): string[] {
  const counts = Map.groupBy(entries, ({ id }) => id);
  return [...counts].flatMap(([id, some]) => (some.length > 1 ? [id] : []));
}
