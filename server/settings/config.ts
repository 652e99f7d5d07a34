import { hostname } from 'node:os';
import { LIVE_OPTIONS, OPTIONS, type Option, type OptionName, type Process } from '../contract/options.ts';

type Value<O> = O extends { kind: 'integer' }
  ? number
  : O extends { kind: 'choice'; choices: readonly (infer C)[] }
    ? C
    : string;

/** All options of one process, by name, checked. Options of the other process hold their defaults. */
export type Config = { readonly [N in OptionName]: Value<(typeof OPTIONS)[N]> };

/** Thrown with every problem found, one line each. Never holds a secret's value. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`bad configuration:\n${problems.map(problem => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

function parse(option: Option, given: string | undefined): { value: string | number } | { problem: string } {
  const raw = option.kind === 'text' && option.oneLine ? given?.replace(/\r?\n$/, '') : given;
  const shown = option.secret ? 'the value given' : JSON.stringify(raw);
  if (option.kind === 'integer') {
    if (raw === undefined || raw === '') return { value: option.default };
    const value = /^-?\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN;
    if (!(value >= option.min && value <= option.max))
      return { problem: `${option.env} must be an integer from ${option.min} to ${option.max}, got ${shown}` };
    return { value };
  }
  if (raw === undefined || raw === '') {
    return option.default === undefined
      ? { problem: `${option.env} is required: ${option.help}` }
      : { value: option.default };
  }
  if (option.kind === 'choice') {
    if (!option.choices.includes(raw))
      return { problem: `${option.env} must be one of ${option.choices.join(', ')}, got ${shown}` };
    return { value: raw };
  }
  if (option.minLength !== undefined && raw.length < option.minLength)
    return { problem: `${option.env} must have at least ${option.minLength} characters, got ${raw.length}` };
  if (option.pattern && !option.pattern.test(raw))
    return { problem: `${option.env} must match ${option.pattern.source}, got ${shown}` };
  const problem = option.problem?.(raw);
  return problem ? { problem: `${option.env}: ${problem}` } : { value: raw };
}

export type ProcessKind = Process | 'standalone';
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads the options of `process` from `env`. Variables that no option has are left to `unknownVariables`.
 * @param files content of files named after the variables of live options: it wins over the variable
 * @throws {ConfigError} with all problems
 */
export function loadConfig(process: ProcessKind, env: Env, files: ReadonlyMap<string, string> = new Map()): Config {
  const problems: string[] = [];
  const values: Record<string, string | number> = {};
  for (const [name, option] of Object.entries(OPTIONS) as [OptionName, Option][]) {
    const applies = process === 'standalone' || option.for.includes(process);
    const result = applies
      ? parse(option, rawOf(option, env, files))
      : { value: 'default' in option ? (option.default ?? '') : '' };
    if ('problem' in result) problems.push(result.problem);
    else values[name] = result.value;
  }
  // One that has no value is told already.
  for (const { names, fits, problem } of PAIRS)
    if (names.every(name => name in values) && !fits(values as Config)) problems.push(problem);
  if (problems.length > 0) throw new ConfigError(problems);
  if (values['processName'] === '') values['processName'] = hostname();
  return values as Config;
}

/** Names of the options that `process` takes while it runs. */
export function liveOptionsOf(process: ProcessKind): readonly OptionName[] {
  return process === 'standalone'
    ? [...new Set([...LIVE_OPTIONS.gateway, ...LIVE_OPTIONS.worker])]
    : LIVE_OPTIONS[process];
}

/**
 * The live options of `process` as `env` and `files` have them now. One with a problem, or a required one without a file, keeps its
 * value of `current`.
 * @returns the options that changed, and the problems in the words of {@link ConfigError}
 */
export function reloadConfig(
  process: ProcessKind,
  current: Config,
  env: Env,
  files: ReadonlyMap<string, string>,
): { readonly changed: Partial<Config>; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const changed: Partial<Record<OptionName, string | number>> = {};
  for (const name of liveOptionsOf(process)) {
    // A Secret that somebody removes and makes anew must not bring back the one of the start.
    if ((OPTIONS[name] as Option).default === undefined && !files.has(OPTIONS[name].env)) continue;
    const result = parse(OPTIONS[name], rawOf(OPTIONS[name], env, files));
    if ('problem' in result) problems.push(result.problem);
    else if (result.value !== current[name]) changed[name] = result.value;
  }
  for (const { names, fits, problem } of PAIRS) {
    if (fits({ ...current, ...changed } as Config)) continue;
    problems.push(problem);
    for (const name of names) delete changed[name];
  }
  return { changed: changed as Partial<Config>, problems };
}

const rawOf = (option: Option, env: Env, files: ReadonlyMap<string, string>) =>
  (option.live ? files.get(option.env) : undefined) ?? env[option.env];

interface Pair {
  readonly names: readonly OptionName[];
  readonly fits: (config: Config) => boolean;
  readonly problem: string;
}

const envOf = (name: OptionName) => OPTIONS[name].env;

/** Options that must fit each other. A live one that no longer fits keeps its value. */
const PAIRS: readonly Pair[] = [
  {
    // A late answer to one heartbeat would be taken for the answer to the next.
    names: ['pingSeconds', 'pongSeconds'],
    fits: ({ pingSeconds, pongSeconds }) => pongSeconds < pingSeconds,
    problem: `${envOf('pongSeconds')} must be below ${envOf('pingSeconds')}`,
  },
  {
    names: ['maxMessageBytes', 'maxFrameBytes'],
    fits: ({ maxMessageBytes, maxFrameBytes }) => maxMessageBytes <= maxFrameBytes,
    problem: `${envOf('maxMessageBytes')} must not be above ${envOf('maxFrameBytes')}`,
  },
  {
    // One message would close a reader that is not slow.
    names: ['maxMessageBytes', 'sendBufferBytes'],
    fits: ({ maxMessageBytes, sendBufferBytes }) => maxMessageBytes <= sendBufferBytes,
    problem: `${envOf('maxMessageBytes')} must not be above ${envOf('sendBufferBytes')}`,
  },
  {
    names: ['sendBufferBytes', 'sendBufferTotalBytes'],
    fits: ({ sendBufferBytes, sendBufferTotalBytes }) => sendBufferBytes <= sendBufferTotalBytes,
    problem: `${envOf('sendBufferBytes')} must not be above ${envOf('sendBufferTotalBytes')}`,
  },
];
