import { readProfile, readStatus } from '../../../server/fold/profile.ts';
import { indexedWords } from '../../../server/fold/search-words.ts';
import { type GivenSettings, mergedSettings, NO_SETTINGS } from '../../../server/fold/user-settings.ts';
import type {
  FoundUser,
  StoredProfile,
  UserArchive,
  UserChange,
  UserPage,
  UserWriter,
} from '../../../server/membership/user-archive.ts';
import { StoreUnavailable } from '../../../server/room/history-store.ts';

/** Documents of users in memory. */
export class MemoryUsers implements UserWriter, UserArchive {
  up = true;
  readonly #users = new Map<string, Omit<UserChange, 'user'>>();

  async apply(changes: readonly UserChange[]): Promise<void> {
    this.#check();
    for (const { user, ...change } of changes) {
      const known = this.#users.get(user) ?? { at: 0, settings: NO_SETTINGS };
      if (known.at >= change.at) continue;
      this.#users.set(user, { ...known, ...change, settings: mergedSettings(known.settings, change.settings) });
    }
  }

  async settingsOf(users: readonly string[]): Promise<ReadonlyMap<string, GivenSettings>> {
    this.#check();
    return new Map(users.map(user => [user, this.#users.get(user)?.settings ?? NO_SETTINGS]));
  }

  async profilesOf(users: readonly string[]): Promise<ReadonlyMap<string, StoredProfile>> {
    this.#check();
    const found = users.flatMap(user => {
      const known = this.#users.get(user);
      return known ? [[user, { profile: readProfile(known.profile), status: readStatus(known.status) }] as const] : [];
    });
    return new Map(found);
  }

  async search({ words, after, limit }: UserPage): Promise<readonly FoundUser[]> {
    this.#check();
    const found = [...this.#users].filter(([user, { profile }]) => {
      const entries = new Set(indexedWords(readProfile(profile).name));
      return user > after && words.every(word => entries.has(word));
    });
    const sorted = found.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit);
    return sorted.map(([user, { profile }]) => ({ user, profile: readProfile(profile) }));
  }

  #check(): void {
    if (!this.up) throw new StoreUnavailable('switched off');
  }
}
