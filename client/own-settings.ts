import { Listeners } from './listeners.ts';
import type { Publication } from './transport.ts';
import type { ParamsOf, ResultOf } from './verbs.ts';

/** Settings of the user. */
export type Settings = ResultOf<'settings.get'>;

/** Settings to change. Those that are missing stay as they are. */
export type SettingsChange = Omit<ParamsOf<'settings.set'>, 'id'>;

export interface OwnSettingsOptions {
  /** Reads; tried again after temporary errors. @throws {CallError} */
  readonly get: () => Promise<Settings>;
  /** @throws {CallError} */
  readonly set: (change: SettingsChange) => Promise<Settings>;
}

/** The user's own settings, on all devices. Not known until they are read or changed. */
export class OwnSettings {
  /** Emits when {@link current} has changed. */
  readonly changed = new Listeners();
  readonly #options: OwnSettingsOptions;
  #current: Settings | null = null;

  constructor(options: OwnSettingsOptions) {
    this.#options = options;
  }

  /** Last known settings, current from the first read on; null before. */
  get current(): Settings | null {
    return this.#current;
  }

  /** @throws {CallError} */
  async read(): Promise<Settings> {
    return this.#keep(await this.#options.get());
  }

  /** Changes some settings. @returns all of them @throws {CallError} */
  async set(change: SettingsChange): Promise<Settings> {
    return this.#keep(await this.#options.set(change));
  }

  /** Takes an entry of the user's own inbox: another device may have changed settings. */
  entry({ type, data }: Pick<Publication, 'type' | 'data'>): void {
    if (type !== 'me' || !this.#current) return;
    const { privacy, invisible } = data as SettingsChange;
    if (!privacy && invisible === undefined) return;
    const known = this.#current;
    this.#keep({ privacy: { ...known.privacy, ...privacy }, invisible: invisible ?? known.invisible });
  }

  /** Reads the settings again for a new connection, which may have missed entries of the inbox. */
  connected(): void {
    // What was known goes on to count after an error; the next connect reads again.
    if (this.#current) this.read().catch(() => undefined);
  }

  #keep({ privacy, invisible }: Settings): Settings {
    this.#current = { privacy, invisible };
    this.changed.emit();
    return this.#current;
  }
}
