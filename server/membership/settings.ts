import type { GivenSettings, UserSettings } from '../fold/user-settings.ts';

/** Settings that users changed, with the entry of their inbox that changed them. */
export interface SettingsChange {
  readonly user: string;
  readonly given: GivenSettings;
}

/** Settings of users. */
export interface Settings {
  /**
   * Settings of users, at most 10 s old, by user. One who has changed none has the defaults.
   * @param users at most 200
   * @returns a promise only if some have to be loaded. It rejects as {@link fresh} does.
   */
  of(users: readonly string[]): ReadonlyMap<string, UserSettings> | Promise<ReadonlyMap<string, UserSettings>>;
  /**
   * Settings with every change that was answered before the call, by the word of the leader: for acts, and for refusals.
   * @param users at most 200
   * @throws {ReadFailed} if NATS does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
   */
  fresh(users: readonly string[]): Promise<ReadonlyMap<string, UserSettings>>;
  /**
   * Makes a change that was just stored known to all gateways: writes the settings. Never rejects: what is not written here is
   * written by the worker.
   */
  changed(change: SettingsChange): Promise<void>;
}
