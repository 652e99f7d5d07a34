import {
  type GivenSettings,
  mergedSettings,
  NO_SETTINGS,
  readGivenSettings,
  readSettingsEntry,
  settingsFrom,
  type UserSettings,
} from '../fold/user-settings.ts';
import { BoundedMap } from '../room/bounded-map.ts';
import { dataOf, type StoredMessage } from '../room/message.ts';
import type { Moment } from '../time/clock.ts';
import { isComplete, type PolicyBatch } from './policy-batch.ts';
import type { Covered } from './policy-progress.ts';
import type { PolicyStore } from './policy-store.ts';
import { writeSettings } from './policy-writes.ts';
import { Recent } from './recent.ts';
import type { Settings, SettingsChange } from './settings.ts';
import type { UserArchive } from './user-archive.ts';

export interface LoadedSettingsOptions {
  readonly policy: PolicyStore;
  /** Reads of {@link policy} that may share requests. */
  readonly batch: Pick<PolicyBatch, 'read'>;
  readonly archive: Pick<UserArchive, 'settingsOf'>;
  /** Reads how much of the log of the partition of a user's inbox POLICY has. Never rejects. */
  readonly covered: (user: string) => Promise<Covered>;
  readonly now: () => Moment;
  /** Called with an error of a write that the worker repeats. */
  readonly unwritten: (user: string, error: unknown) => void;
}

/** Age up to which settings are used without asking again. */
const AGE_MS = 10_000;
/** Time for which changes that were seen here are remembered: after it POLICY surely has them. */
const CHANGES_MS = 60_000;
/** Users whose last change is remembered, far more than change while settings are read. */
const MOST_NOTICED = 10_000;

/** Settings of users that a gateway asked for, from POLICY. */
export class LoadedSettings implements Settings {
  readonly #options: LoadedSettingsOptions;
  readonly #recent: Recent<UserSettings>;
  /** Changes that were stored or delivered here: perhaps POLICY does not have them yet. */
  readonly #changes: Recent<GivenSettings>;
  /** Number of the last change of each user that was noticed here. */
  readonly #noticed = new BoundedMap<string, number>(MOST_NOTICED);
  #notices = 0;

  constructor(options: LoadedSettingsOptions) {
    this.#options = options;
    this.#recent = new Recent(AGE_MS, options.now);
    this.#changes = new Recent(CHANGES_MS, options.now);
  }

  of(users: readonly string[]): ReadonlyMap<string, UserSettings> | Promise<ReadonlyMap<string, UserSettings>> {
    const known = new Map<string, UserSettings>();
    const missing: string[] = [];
    for (const user of users) {
      const recent = this.#recent.get(user);
      if (recent) known.set(user, recent);
      else missing.push(user);
    }
    if (missing.length === 0) return known;
    return this.fresh(missing).then(loaded => new Map([...known, ...loaded]));
  }

  async fresh(users: readonly string[]): Promise<ReadonlyMap<string, UserSettings>> {
    const { now } = this.#options;
    const at = now();
    const notices = new Map(users.map(user => [user, this.#noticed.get(user)]));
    const given = await this.#read([...notices.keys()]);
    const found = new Map<string, UserSettings>();
    for (const [user, notice] of notices) {
      const latest = mergedSettings(given.get(user) ?? NO_SETTINGS, this.#changes.get(user) ?? NO_SETTINGS);
      const settings = settingsFrom(latest);
      found.set(user, settings);
      // What was read may be older than a change that was noticed meanwhile.
      if (this.#noticed.get(user) === notice) this.#recent.set(user, settings, at);
    }
    return found;
  }

  /** Reads what POLICY has, and what MongoDB has of those whom POLICY may lack. */
  async #read(users: readonly string[]): Promise<Map<string, GivenSettings>> {
    const { batch, archive, covered } = this.#options;
    const given = new Map<string, GivenSettings>();
    const lacking: string[] = [];
    const one = async (user: string) => {
      const { whole } = await covered(user); // read before POLICY, so that it never claims what POLICY lacks
      const found = await batch.read({ settings: user });
      if (!whole || !isComplete(found)) lacking.push(user);
      if (typeof found !== 'string') given.set(user, readGivenSettings(found.value) ?? NO_SETTINGS);
    };
    await Promise.all(users.map(one));
    for (const [user, archived] of lacking.length > 0 ? await archive.settingsOf(lacking) : [])
      given.set(user, mergedSettings(given.get(user) ?? NO_SETTINGS, archived));
    return given;
  }

  async changed({ user, given }: SettingsChange): Promise<void> {
    const { policy, unwritten } = this.#options;
    this.#note(user, given);
    try {
      await writeSettings(policy, user, given);
    } catch (error) {
      unwritten(user, error);
    }
    this.#forget(user);
  }

  /** Takes an entry that the inbox of a user delivered: the settings may have changed. */
  noted(user: string, entry: StoredMessage): void {
    const given = readSettingsEntry(entry, dataOf(entry));
    if (!given) return;
    this.#note(user, given);
    this.#forget(user);
  }

  #note(user: string, given: GivenSettings): void {
    const known = this.#changes.get(user) ?? NO_SETTINGS;
    this.#changes.set(user, mergedSettings(known, given), this.#options.now());
  }

  #forget(user: string): void {
    this.#notices += 1;
    this.#noticed.set(user, this.#notices);
    this.#recent.delete(user);
  }
}
