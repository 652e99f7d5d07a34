import { readProfile, readStatus } from '../../../server/fold/profile.ts';
import { type GivenSettings, mergedSettings, NO_SETTINGS } from '../../../server/fold/user-settings.ts';
import type { StoredProfile, UserArchive, UserChange, UserWriter } from '../../../server/membership/user-archive.ts';
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

  #check(): void {
    if (!this.up) throw new StoreUnavailable('switched off');
  }
}
