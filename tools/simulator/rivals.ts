import { plot } from './plot.ts';
import { LOST, runBuiltin, runHpa, SLOW_START_SECONDS, START_SECONDS, setting, YARDSTICK } from './run-trace.ts';
import { type Rival, table, totals } from './table.ts';
import { type Trace, traces } from './trace.ts';

/** Connections that plain HorizontalPodAutoscalers aim at. */
const HPA_TARGETS = [5_000, 4_500, 4_200] as const;
const number = new Intl.NumberFormat('en');

/**
 * Everyone who scales, over the same traces.
 * @param startSeconds until a new pod is ready
 * @param lost share of the operator's polls that bring no answer
 */
export function rivals(all: readonly Trace[], startSeconds = START_SECONDS, lost = LOST): Rival[] {
  const learned = setting({}, startSeconds, lost);
  const fixed = setting({ targetConnections: YARDSTICK }, startSeconds, lost);
  return [
    { name: 'Builtin, learned', runs: all.map(trace => runBuiltin(trace, learned)) },
    { name: `Builtin, ${number.format(YARDSTICK)}`, runs: all.map(trace => runBuiltin(trace, fixed)) },
    ...HPA_TARGETS.map(target => ({
      name: `plain HPA, ${number.format(target)}`,
      runs: all.map(trace => runHpa(trace, target, fixed)),
    })),
  ];
}

/** True for traces with the same load for each connection: only those are summed up. */
export function isEven({ name }: Trace): boolean {
  return name !== 'busy';
}

export interface Published {
  readonly traces: readonly Trace[];
  readonly rivals: readonly Rival[];
  /** The same over the traces that are summed up. */
  readonly summed: readonly Rival[];
  /** Tables by the name of the mark in docs/scaling.md. */
  readonly tables: Readonly<Record<'totals' | 'slow' | 'traces', string>>;
}

/** Tables and plots of docs/scaling.md. */
export function published(): Published {
  const all = traces();
  const even = all.filter(isEven);
  const those = rivals(all);
  const summed = those.map(({ name, runs }) => ({
    name,
    runs: runs.filter((_, at) => even.includes(all[at] as Trace)),
  }));
  return {
    traces: all,
    rivals: those,
    summed,
    tables: { totals: totals(summed), slow: totals(rivals(even, SLOW_START_SECONDS)), traces: table(all, those) },
  };
}

/** A picture of each trace, by its name. */
export function plots({ traces: all, rivals: [learned, fixed, hpa] }: Published): ReadonlyMap<string, string> {
  return new Map(
    all.flatMap((trace, at) => {
      const [first, second, third] = [learned?.runs[at], fixed?.runs[at], hpa?.runs[at]];
      if (!first || !second || !third) return [];
      return [[trace.name, plot({ trace, learned: first, fixed: second, hpa: third }, hpa?.name ?? '')] as const];
    }),
  );
}
