import { stat } from 'node:fs/promises';
import { MOST_REFUSED } from '../contract/backends.ts';
import { OPTIONS, type OptionName } from '../contract/options.ts';
import { SETTINGS_FILES } from '../contract/settings-files.ts';
import {
  type Config,
  ConfigError,
  type Env,
  loadConfig,
  type ProcessKind,
  reloadableOptionsOf,
  reloadConfig,
} from './config.ts';
import { type Files, SettingsDirectory } from './directory.ts';
import { type GatewayIntent, intentIn } from './intent.ts';

/** Differences that {@link SettingsSource.poll} found. */
export interface SettingsChange {
  /** Names of the options that have a new value in {@link SettingsSource.config}. */
  readonly options: readonly OptionName[];
  /** New problems, one sentence each, without values of secrets. Their options keep the previous values. */
  readonly problems: readonly string[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The settings of one process: all options, and the traffic intent of its pod. Reads the environment once and the files of
 * {@link SETTINGS_FILES} at each {@link poll}. One caller polls, one call at a time.
 */
export class SettingsSource {
  /** One object for the life of the process. Reloadable options change in place: read them at each use and keep no copy. */
  readonly config: Config;
  readonly #process: ProcessKind;
  readonly #env: Env;
  readonly #directory: SettingsDirectory | null;
  /** Intent of the operator for this gateway's clients; null for none. */
  intent: GatewayIntent | null = null;
  /** Version that the operator wrote with the last files whose values are all in force; empty without such a file. */
  version = '';
  /** Problems of the files of the last poll. */
  problems: readonly string[] = [];

  private constructor(process: ProcessKind, env: Env, directory: SettingsDirectory | null, files: Files) {
    this.config = loadConfig(process, env, files);
    this.#process = process;
    this.#env = env;
    this.#directory = directory;
    this.version = files.get(SETTINGS_FILES.version) ?? '';
    this.intent = intentIn(files.get(SETTINGS_FILES.annotations) ?? '');
  }

  /**
   * Reads the options from `env` and from the directory that `CHAT_LIVE_DIR` names, if it names one.
   * @throws {ConfigError} with all problems, of variables and of files
   */
  static async open(process: ProcessKind, env: Env): Promise<SettingsSource> {
    const path = env[OPTIONS.liveDir.env] ?? '';
    if (path === '') return new SettingsSource(process, env, null, new Map());
    const found = await stat(path).catch(() => null);
    if (!found?.isDirectory()) throw new ConfigError([`${OPTIONS.liveDir.env} must be a directory, got "${path}"`]);
    const directory = new SettingsDirectory(path, namesFor(process));
    const files = (await directory.read()) ?? new Map<string, string>();
    return new SettingsSource(process, env, directory, files);
  }

  /** The part of {@link problems} that `/load` and `/backends` report; no field without problems. */
  get refused(): { readonly refused?: readonly string[] } {
    return this.problems.length === 0 ? {} : { refused: this.problems.slice(0, MOST_REFUSED) };
  }

  /**
   * Takes over what has changed in the directory.
   * @returns null if nothing has changed
   * @throws {Error} if a file cannot be read; then nothing changes
   */
  async poll(): Promise<SettingsChange | null> {
    const files = (await this.#directory?.read()) ?? null;
    if (!files) return null;
    this.intent = intentIn(files.get(SETTINGS_FILES.annotations) ?? '');
    const { changed, problems } = reloadConfig(this.#process, this.config, this.#env, files);
    Object.assign(this.config as Writable<Config>, changed);
    const news = problems.join() === this.problems.join() ? [] : problems;
    this.problems = problems;
    if (problems.length === 0) this.version = files.get(SETTINGS_FILES.version) ?? '';
    return { options: Object.keys(changed) as OptionName[], problems: news };
  }
}

const namesFor = (process: ProcessKind) => [
  ...Object.values(SETTINGS_FILES),
  ...reloadableOptionsOf(process).map(name => OPTIONS[name].env),
];
