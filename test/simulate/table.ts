import type { Measures, Run } from './run-trace.ts';
import type { Trace } from './trace.ts';

export interface Compared {
  readonly trace: Trace;
  readonly builtin: Run;
  readonly hpa: Run;
}

const COLUMNS: readonly (readonly [keyof Measures, string])[] = [
  ['overHours', 'over-provisioned gateway-hours'],
  ['aboveTarget', 'client-seconds above the target'],
  ['aboveLimit', 'client-seconds above the hard limit'],
  ['refused', 'refused connects'],
  ['steps', 'steps'],
  ['moves', 'client moves'],
];

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** One row for each trace and scaler, in Markdown. */
export function table(compared: readonly Compared[]): string {
  const cells = (measures: Measures) =>
    COLUMNS.map(([name]) => (name === 'overHours' ? tenths : whole).format(measures[name]));
  const rows = compared.flatMap(({ trace, builtin, hpa }) => [
    [trace.name, 'Builtin', ...cells(builtin.measures)],
    ['', 'plain HPA', ...cells(hpa.measures)],
  ]);
  const head = ['trace', 'scaler', ...COLUMNS.map(([, title]) => title)];
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at < 2 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
