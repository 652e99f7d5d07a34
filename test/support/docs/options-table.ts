import { OPTIONS, type Option } from '../../../server/contract/options.ts';

/** The options of the server as a Markdown table, for `docs/configuration.md`. */
export function optionsTable(): string {
  const rows = Object.values(OPTIONS).map((option: Option) => {
    const where = option.for.join(', ');
    const reload = option.reload ? 'yes' : '';
    return `| \`${option.env}\` | ${where} | ${presetOf(option)} | ${boundsOf(option)} | ${reload} | ${option.help}${option.secret ? ' Secret.' : ''} |`;
  });
  return [
    '| variable | process | default | allowed | reload | effect |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function presetOf(option: Option): string {
  if (option.default === undefined) return 'required';
  return option.default === '' ? 'empty' : `\`${option.default}\``;
}

function boundsOf(option: Option): string {
  if (option.kind === 'integer') return `${option.min} to ${option.max}`;
  if (option.kind === 'choice') return option.choices.map(choice => `\`${choice}\``).join(', ');
  if (option.pattern) return `\`${option.pattern.source.replaceAll('|', '\\|')}\``;
  return option.minLength ? `at least ${option.minLength} characters` : 'text';
}
