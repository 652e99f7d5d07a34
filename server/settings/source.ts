import { stat } from 'node:fs/promises';
import { MOST_REFUSED } from '../contract/backends.ts';
import { LIVE_FILES } from '../contract/live-files.ts';
import { OPTIONS, type OptionName } from '../contract/options.ts';
import {
  type Config,
  ConfigError,
  type Env,
  liveOptionsOf,
  loadConfig,
  type ProcessKind,
  reloadConfig,
} from './config.ts';
import { type Files, LiveDirectory } from './directory.ts';
import { type Wanted, wantedTraffic } from './intent.ts';

/** What {@link LiveSource.poll} found to be new. */
export interface LiveChange {
  /** Options of {@link LiveSource.config} that have another value now. */
  readonly options: readonly OptionName[];
  /** Problems in words, without the values of secrets. The options they are about kept their values. */
  readonly problems: readonly string[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The options of a process, and what of them and of its pod's annotations changes while it runs. */
export class LiveSource {
  /** One object for the life of the process: live options change in place, so they are to be read at each use. */
  readonly config: Config;
  readonly #process: ProcessKind;
  readonly #env: Env;
  readonly #directory: LiveDirectory | null;
  /** The intent for a gateway besides taking clients; null for none. */
  wanted: Wanted | null = null;
  /** The version of the live options, as the operator wrote it, whose values are all in force; empty for none. */
  version = '';
  /** Problems of the files as they are now. */
  problems: readonly string[] = [];

  private constructor(process: ProcessKind, env: Env, directory: LiveDirectory | null, files: Files) {
    this.config = loadConfig(process, env, files);
    this.#process = process;
    this.#env = env;
    this.#directory = directory;
    this.version = files.get(LIVE_FILES.version) ?? '';
    this.wanted = wantedTraffic(files.get(LIVE_FILES.annotations) ?? '');
  }

  /**
   * Reads the options from `env` and, if it names one, from the live directory.
   * @throws {ConfigError} with all problems; files are judged as variables are
   */
  static async open(process: ProcessKind, env: Env): Promise<LiveSource> {
    const path = env[OPTIONS.liveDir.env] ?? '';
    if (path === '') return new LiveSource(process, env, null, new Map());
    const found = await stat(path).catch(() => null);
    if (!found?.isDirectory()) throw new ConfigError([`${OPTIONS.liveDir.env} must be a directory, got "${path}"`]);
    const directory = new LiveDirectory(path, namesFor(process));
    const files = (await directory.read()) ?? new Map<string, string>();
    return new LiveSource(process, env, directory, files);
  }

  /** What of {@link problems} is told to the operator. */
  get refused(): { readonly refused?: readonly string[] } {
    return this.problems.length === 0 ? {} : { refused: this.problems.slice(0, MOST_REFUSED) };
  }

  /**
   * Takes over what has changed in the directory.
   * @returns null when nothing has
   * @throws {Error} when a file cannot be read: everything stays as it is
   */
  async poll(): Promise<LiveChange | null> {
    const files = (await this.#directory?.read()) ?? null;
    if (!files) return null;
    this.wanted = wantedTraffic(files.get(LIVE_FILES.annotations) ?? '');
    const { changed, problems } = reloadConfig(this.#process, this.config, this.#env, files);
    Object.assign(this.config as Writable<Config>, changed);
    const told = problems.join() === this.problems.join() ? [] : problems;
    this.problems = problems;
    if (problems.length === 0) this.version = files.get(LIVE_FILES.version) ?? '';
    return { options: Object.keys(changed) as OptionName[], problems: told };
  }
}

const namesFor = (process: ProcessKind) => [
  ...Object.values(LIVE_FILES),
  ...liveOptionsOf(process).map(name => OPTIONS[name].env),
];
