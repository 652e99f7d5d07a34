import { hostname } from 'node:os';
import { OPTIONS, type Option, type OptionName, type Process } from './options.ts';

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

function parse(option: Option, raw: string | undefined): { value: string | number } | { problem: string } {
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
  return { value: raw };
}

/**
 * Reads the options of `process` from `env`. A CHAT_ variable that no option has is a problem too, so that a typing
 * error cannot pass unseen.
 * @throws {ConfigError} with all problems
 */
export function loadConfig(process: Process | 'standalone', env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const values: Record<string, string | number> = {};
  const known = new Set<string>();
  for (const [name, option] of Object.entries(OPTIONS) as [OptionName, Option][]) {
    known.add(option.env);
    const applies = process === 'standalone' || option.for.includes(process);
    const result = applies
      ? parse(option, env[option.env])
      : { value: 'default' in option ? (option.default ?? '') : '' };
    if ('problem' in result) problems.push(result.problem);
    else values[name] = result.value;
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith('CHAT_') && !known.has(name)) problems.push(`${name} is not an option`);
  }
  // A late answer to one heartbeat would be taken for the answer to the next.
  if (Number(values['pongSeconds']) >= Number(values['pingSeconds']))
    problems.push(`${OPTIONS.pongSeconds.env} must be below ${OPTIONS.pingSeconds.env}`);
  if (problems.length > 0) throw new ConfigError(problems);
  if (values['processName'] === '') values['processName'] = hostname();
  return values as Config;
}
