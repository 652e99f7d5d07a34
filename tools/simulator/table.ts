import type { Measures, Run } from './run-trace.ts';
import type { Trace } from './trace.ts';

/** One who scales, with how each trace went. */
export interface Rival {
  readonly name: string;
  /** Runs in the order of the traces. */
  readonly runs: readonly Run[];
}

const COLUMNS: readonly (readonly [keyof Measures, string])[] = [
  ['hours', 'gateway-hours'],
  ['aboveTarget', 'client-seconds above 5,000 a gateway'],
  ['late', 'client-seconds on late gateways'],
  ['refused', 'refused connects'],
  ['steps', 'steps'],
  ['moves', 'clients moved by scale-downs'],
  ['rebalanced', 'and by rebalancing'],
];

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
/** Client-seconds from which on the table gives millions with one decimal. */
const MANY = 10_000_000;

function cell(name: keyof Measures, value: number): string {
  if (name === 'hours') return tenths.format(value);
  return value >= MANY ? `${tenths.format(value / 1e6)} M` : whole.format(value);
}

const cells = (measures: Measures) => COLUMNS.map(([name]) => cell(name, measures[name]));

function markdown(first: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = [...first, ...COLUMNS.map(([, title]) => title)];
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  const under = head.map((_, at) => (at < first.length ? '---' : '---:'));
  return [line(head), line(under), ...rows.map(line)].join('\n');
}

/** Sums over all runs of one autoscaler. */
export function total({ runs }: Rival): Measures {
  const sum = (name: keyof Measures) => runs.reduce((all, { measures }) => all + measures[name], 0);
  return {
    hours: sum('hours'),
    aboveTarget: sum('aboveTarget'),
    late: sum('late'),
    refused: sum('refused'),
    steps: sum('steps'),
    moves: sum('moves'),
    rebalanced: sum('rebalanced'),
  };
}

/** One row for each who scales, in Markdown: what all traces come to. */
export function totals(rivals: readonly Rival[]): string {
  return markdown(
    ['scaler'],
    rivals.map(rival => [rival.name, ...cells(total(rival))]),
  );
}

/** One row for each trace and who scales, in Markdown. */
export function table(traces: readonly Trace[], rivals: readonly Rival[]): string {
  const rows = traces.flatMap(({ name }, at) =>
    rivals.flatMap((rival, first) => {
      const run = rival.runs[at];
      return run ? [[first === 0 ? name : '', rival.name, ...cells(run.measures)]] : [];
    }),
  );
  return markdown(['trace', 'scaler'], rows);
}
