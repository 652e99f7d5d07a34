import type { Member } from '../room/member.ts';

export interface InvisibleUsersOptions {
  /** True for a user who is to be seen by nobody. Rejects if that cannot be known now. */
  readonly load: (user: string) => boolean | Promise<boolean>;
  /** Connections of a user on this gateway. */
  readonly own: (user: string) => Iterable<Member>;
}

/**
 * Users with connections on this gateway whom nobody else may see there. A user of whom it is not known yet is one of them: to be seen
 * late is the smaller harm.
 */
export class InvisibleUsers {
  readonly #options: InvisibleUsersOptions;
  readonly #users = new Set<string>();
  /** Users of whom it is not known. */
  readonly #unknown = new Set<string>();

  constructor(options: InvisibleUsersOptions) {
    this.#options = options;
  }

  has(user: string): boolean {
    return this.#users.has(user);
  }

  /** Learns whether a user who connects is invisible. Never rejects; what is not known is asked again by {@link tick}. */
  async load(user: string): Promise<void> {
    try {
      const found = this.#options.load(user);
      this.set(user, typeof found === 'boolean' ? found : await found);
    } catch {
      this.#unknown.add(user);
      this.#users.add(user);
    }
  }

  /** Takes note that a user is invisible from now on, or not any more: the rooms of all connections hear of it. */
  set(user: string, isInvisible: boolean): void {
    this.#unknown.delete(user);
    if (this.has(user) === isInvisible) return;
    if (isInvisible) this.#users.add(user);
    else this.#users.delete(user);
    for (const device of this.#options.own(user)) device.shown(!isInvisible);
  }

  /** Takes note that a connection of the user ended here. */
  left(user: string): void {
    if (!this.has(user)) return;
    for (const _ of this.#options.own(user)) return;
    this.#users.delete(user);
    this.#unknown.delete(user);
  }

  /** Asks again for users of whom it is not known. Call it every few seconds. */
  tick(): void {
    for (const user of this.#unknown) void this.load(user);
  }
}
