import type { Profile, ProfileChange, Status } from '../fold/profile.ts';
import type { GivenSettings } from '../fold/user-settings.ts';

/** Change that one or more entries `me` of a user's inbox make to the document of the user. */
export interface UserChange extends ProfileChange {
  readonly user: string;
  /** Offset of the last of these entries. */
  readonly at: number;
  readonly settings: GivenSettings;
}

/** Writes of documents of users, for the worker that folds a partition. */
export interface UserWriter {
  /**
   * Applies changes to the documents of users. A user has one change of a call. Changes of one user are ascending by offset over calls,
   * and may come again from any position if those after it come again too. Resolves once it is durable.
   * @throws {StoreUnavailable} if the result is unknown
   */
  apply(changes: readonly UserChange[]): Promise<void>;
}

/** Profile of a user, as it is in MongoDB. */
export interface StoredProfile {
  readonly profile: Profile;
  readonly status: Status;
}

/** A user in a list. */
export interface FoundUser {
  readonly user: string;
  readonly profile: Profile;
}

/** Part of a list of users who have some words in their names. */
export interface UserPage {
  /** Entries that a name must have, see {@link askedWords}. At least one; the first is looked up. */
  readonly words: readonly string[];
  /** The list begins after this user; empty for its beginning. */
  readonly after: string;
  /** At least 1. */
  readonly limit: number;
}

/**
 * Documents of users in MongoDB, which workers keep there. They lag behind the log by what its worker lags. Every call rejects with
 * {@link StoreUnavailable} if MongoDB does not answer.
 */
export interface UserArchive {
  /**
   * Settings that users have changed, by user; those who changed none may be missing.
   * @param users at most 200
   */
  settingsOf(users: readonly string[]): Promise<ReadonlyMap<string, GivenSettings>>;
  /**
   * Profiles by user; users who never set theirs may be missing.
   * @param users at most 200
   */
  profilesOf(users: readonly string[]): Promise<ReadonlyMap<string, StoredProfile>>;
  /** Users by id. */
  search(page: UserPage): Promise<readonly FoundUser[]>;
}

/** All settings that a {@link UserArchive} has, in pages. Rejects as that does. */
export interface SettingsPages {
  /** Settings that users have changed, by user, after a user; empty for the first page. An empty page is the end. */
  allSettings(after: string, limit: number): Promise<readonly (readonly [user: string, given: GivenSettings])[]>;
}
