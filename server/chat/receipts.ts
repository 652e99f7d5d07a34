import { isInbox } from '../access/names.ts';
import type { Ephemeral } from '../ephemeral/ephemeral.ts';
import type { Mark } from '../fold/mark.ts';
import type { UserSettings } from '../fold/user-settings.ts';
import type { MarkKey } from '../membership/mark-store.ts';
import type { Settings } from '../membership/settings.ts';
import type { Audience } from './audience.ts';

export interface ReceiptsOptions {
  readonly ephemeral: Ephemeral;
  readonly audience: Pick<Audience, 'users' | 'hidden'>;
  readonly settings: Pick<Settings, 'of'>;
  /** True if an event to others is to be left out, because the gateway is overloaded. */
  readonly drops: () => boolean;
}

/** Other users of a room, as far as receipts are concerned. */
interface Partners {
  /** Users whose marks a user sees, and who see the user's. */
  readonly shown: readonly string[];
  /** All others. */
  readonly hidden: readonly string[];
}

/** Users of one read of settings. */
const SLICE = 200;

/** Marks that others see: in rooms up to the size that the kind sets, between users who both let theirs be seen and do not block. */
export class Receipts {
  readonly #options: ReceiptsOptions;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  /**
   * Finds the other users of a room whose marks a user may see.
   * @returns null if the room is too large
   * @throws {ReadFailed} {@link StoreUnavailable} if that is not in memory and cannot be read
   */
  async visible(room: string, user: string): Promise<readonly string[] | null> {
    return (await this.#partners(room, user))?.shown ?? null;
  }

  /** Sends marks that were raised to the user's devices, and to the users of the room who may see them. Never throws: any may be lost. */
  raised({ user, room }: MarkKey, { read, delivered }: Mark): void {
    const { ephemeral } = this.#options;
    ephemeral.user(user, { type: 'mark', room, read, delivered });
    if (this.#options.drops()) return; // the next mark has the offset too, and receipt.who
    this.#partners(room, user).then(
      partners => {
        if (partners && partners.shown.length > 0)
          ephemeral.room(room, { type: 'receipt', user, read, delivered }, [user, ...partners.hidden]);
      },
      () => undefined, // NATS or MongoDB is away
    );
  }

  async #partners(room: string, user: string): Promise<Partners | null> {
    const { audience, settings } = this.#options;
    const [users, hidden] = isInbox(room)
      ? [null, null]
      : await Promise.all([audience.users(room, 'receipts'), audience.hidden(room, user, 'receipts')]);
    if (users === null || hidden === null) return null;
    const all = [...new Set([...users, user])];
    const known = new Map<string, UserSettings>();
    for (let start = 0; start < all.length; start += SLICE)
      for (const [each, found] of await settings.of(all.slice(start, start + SLICE))) known.set(each, found);
    const isOff = (each: string) => known.get(each)?.privacy.receipts === 'off';
    const others = all.filter(other => other !== user);
    const without = new Set(isOff(user) ? others : [...hidden, ...others.filter(isOff)]);
    return { shown: others.filter(other => !without.has(other)), hidden: [...without] };
  }
}
