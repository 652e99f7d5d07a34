import type { UserSettings } from '../fold/user-settings.ts';
import type { SeenBy } from './states.ts';
import type { Acquaintance, Entry, Watching } from './watching.ts';

type Found = ReadonlyMap<string, UserSettings>;

/** Reads settings of at most 200 users, as {@link Settings.of} does. */
export type ReadSettings = (users: readonly string[]) => Found | Promise<Found>;

/** Reads the acquaintances of a user among others. */
export type ReadSight = (user: string, others: readonly string[]) => Promise<ReadonlyMap<string, Acquaintance>>;

/** Users who may see the state of a user with these settings; null if they are not known. Pure. */
export const seenBy = (settings: UserSettings | undefined): SeenBy | null =>
  settings ? { audience: settings.privacy.presence, ...(settings.invisible ? { invisible: true } : {}) } : null;

/** Reads who may see users, unless an event says it meanwhile. Rejects as the settings do. */
export async function readAudiences(
  read: ReadSettings,
  entries: readonly Entry[],
  wallClock: () => number,
): Promise<void> {
  if (entries.length === 0) return;
  const told = entries.map(entry => entry.told);
  const found = await read(entries.map(({ user }) => user));
  for (const [index, entry] of entries.entries())
    if (entry.told === told[index]) take(entry, seenBy(found.get(entry.user)), wallClock());
}

/** Takes over who may see a user, if the gateway that has the user's inbox says it. */
export function tellAudience(entry: Entry, { audience, invisible }: Partial<SeenBy>, time: number): void {
  if (!audience) return;
  take(entry, { audience, ...(invisible ? { invisible } : {}) }, time);
  entry.told += 1;
}

function take(entry: Entry, said: SeenBy | null, time: number): void {
  const isInvisible = said?.invisible === true;
  const wasSeen = entry.audience !== null && !entry.isInvisible && entry.shown !== null && entry.shown !== 'offline';
  if (isInvisible && wasSeen) entry.lastSeen = wholeMinute(time);
  entry.isInvisible = isInvisible;
  entry.audience = said?.audience ?? null;
}

/** Takes note that the connections of a user ended: nobody is to learn when those of an invisible user did. */
export function ended(entry: Entry, time: number): void {
  if (entry.audience !== null && !entry.isInvisible) entry.lastSeen = wholeMinute(time);
}

const wholeMinute = (time: number) => time - (time % 60_000);

/** Lets a connection see nobody until it is known again whom it may see. */
export function forgetAcquaintances({ users }: Watching): void {
  for (const watch of users.values()) watch.acquaintance = null;
}

/** Looks again whether watchers may see a user by a room: nobody tells them that the user has left it. Never rejects. */
export async function seeAgain(sight: ReadSight, { user, watchers }: Entry): Promise<void> {
  const again = async ({ user: watcher, users }: Watching) => {
    if (users.get(user)?.acquaintance !== 'known') return;
    const seen = await sight(watcher, [user]);
    const watch = users.get(user);
    if (watch?.acquaintance === 'known') watch.acquaintance = seen.get(user) ?? null;
  };
  await Promise.allSettled([...watchers].map(again));
}
