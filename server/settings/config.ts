import { hostname } from 'node:os';
import { OPTIONS, type Option, type OptionName, type Process, RELOADABLE_OPTIONS } from '../contract/options.ts';
import { kindsProblem } from '../contract/room-kind-options.ts';

type Value<O> = O extends { kind: 'integer' }
  ? number
  : O extends { kind: 'choice'; choices: readonly (infer C)[] }
    ? C
    : string;

/** All options of one process by name, checked. Options that only the other process has hold their defaults. */
export type Config = { readonly [N in OptionName]: Value<(typeof OPTIONS)[N]> };

/** Lists every problem of the options, one line each. Never holds the value of a secret. */
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

/** Process whose options are read; `standalone` has those of both. */
export type ProcessKind = Process | 'standalone';
/** Environment variables. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads the options of `process` from `env`. Ignores variables of no option: `unknownVariables` warns of those.
 * @param files content by file name: a file named after a reloadable option's variable wins over the variable
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
  // An option without a value has its problem in the list already.
  for (const { names, problemOf } of PAIRS) {
    const problem = names.every(name => name in values) ? problemOf(values as Config) : null;
    if (problem) problems.push(problem);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  if (values['processName'] === '') values['processName'] = hostname();
  return values as Config;
}

/** Names of the options that `process` reloads without a restart. */
export function reloadableOptionsOf(process: ProcessKind): readonly OptionName[] {
  return process === 'standalone'
    ? [...new Set([...RELOADABLE_OPTIONS.gateway, ...RELOADABLE_OPTIONS.worker])]
    : RELOADABLE_OPTIONS[process];
}

/**
 * Reads the reloadable options of `process` again. An option keeps its value of `current` if its new value has a problem, or if
 * it is required and has no file.
 * @returns the options that changed, and the problems as in {@link ConfigError}
 */
export function reloadConfig(
  process: ProcessKind,
  current: Config,
  env: Env,
  files: ReadonlyMap<string, string>,
): { readonly changed: Partial<Config>; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const changed: Partial<Record<OptionName, string | number>> = {};
  for (const name of reloadableOptionsOf(process)) {
    // A Secret that is deleted and created again must not bring back the value of the start.
    if ((OPTIONS[name] as Option).default === undefined && !files.has(OPTIONS[name].env)) continue;
    const result = parse(OPTIONS[name], rawOf(OPTIONS[name], env, files));
    if ('problem' in result) problems.push(result.problem);
    else if (result.value !== current[name]) changed[name] = result.value;
  }
  for (const { names, problemOf } of PAIRS) {
    const problem = problemOf({ ...current, ...changed } as Config);
    if (!problem) continue;
    problems.push(problem);
    for (const name of names) delete changed[name];
  }
  return { changed: changed as Partial<Config>, problems };
}

const rawOf = (option: Option, env: Env, files: ReadonlyMap<string, string>) =>
  (option.reload ? files.get(option.env) : undefined) ?? env[option.env];

interface Pair {
  readonly names: readonly OptionName[];
  /** Reason for which the values do not fit each other, or null. */
  readonly problemOf: (config: Config) => string | null;
}

const envOf = (name: OptionName) => OPTIONS[name].env;

/** Two numbers of which `low` must not be above `high`. */
const ascending = (low: OptionName, high: OptionName): Pair => ({
  names: [low, high],
  problemOf: config => (config[low] <= config[high] ? null : `${envOf(low)} must not be above ${envOf(high)}`),
});

/** Options that must fit each other. A new value that does not fit is refused: all options of the pair keep their values. */
const PAIRS: readonly Pair[] = [
  {
    // Otherwise a late pong would be taken for the answer to the next ping.
    names: ['pingSeconds', 'pongSeconds'],
    problemOf: ({ pingSeconds, pongSeconds }) =>
      pongSeconds < pingSeconds ? null : `${envOf('pongSeconds')} must be below ${envOf('pingSeconds')}`,
  },
  ascending('maxMessageBytes', 'maxFrameBytes'),
  // Otherwise one message would close a reader that is not slow.
  ascending('maxMessageBytes', 'sendBufferBytes'),
  ascending('sendBufferBytes', 'sendBufferTotalBytes'),
  {
    names: ['roomKinds', 'roomRules'],
    problemOf: config => {
      const problem = kindsProblem(config);
      return problem && `${envOf('roomRules')}: ${problem}`;
    },
  },
];
