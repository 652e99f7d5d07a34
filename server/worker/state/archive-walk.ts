import type { MembershipArchive, PairPages } from '../../membership/archive.ts';
import type { SettingsPages } from '../../membership/user-archive.ts';

/** Rooms of one read: each has a state of up to 1 MB. */
const ROOMS_PAGE = 100;
/** Memberships of one read: below 1 MB. */
const MEMBERS_PAGE = 2_000;

/** Pairs of one read: some 0.5 MB. */
const PAIRS_PAGE = 1_000;
/** Users of one read: below 0.5 MB. */
const SETTINGS_PAGE = 1_000;

type Page<T> = readonly (readonly [name: string, value: T])[];

/** Reads all rooms that MongoDB has, page by page, while `isWanted`. */
export const allRooms = (archive: Pick<MembershipArchive, 'allRooms'>, isWanted: () => boolean) =>
  walk(after => archive.allRooms(after, ROOMS_PAGE), isWanted);

/** Reads all users that MongoDB has, with their rooms, page by page, while `isWanted`. */
export const allUsers = (archive: Pick<MembershipArchive, 'allUsers'>, isWanted: () => boolean) =>
  walk(after => archive.allUsers(after, MEMBERS_PAGE), isWanted);

/** Reads all pairs of users that MongoDB has, page by page, while `isWanted`. */
export const allPairs = (archive: PairPages, isWanted: () => boolean) =>
  walk(after => archive.allPairs(after, PAIRS_PAGE), isWanted);

/** Reads the settings of all users that MongoDB has, page by page, while `isWanted`. */
export const allSettings = (archive: SettingsPages, isWanted: () => boolean) =>
  walk(after => archive.allSettings(after, SETTINGS_PAGE), isWanted);

async function* walk<T>(read: (after: string) => Promise<Page<T>>, isWanted: () => boolean) {
  for (let after = ''; isWanted(); ) {
    const page = await read(after);
    const last = page.at(-1);
    if (!last) return;
    after = last[0];
    yield* page;
  }
}
