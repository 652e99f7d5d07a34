import type { Decision, ScaleInput } from './decide.ts';
import type { Observation } from './history.ts';
import type { GatewaySample } from './sample.ts';

/** An observation as a row: at, current, wanted, connections, lost, fell, share by cpu, deliveries, eventLoopLag. */
type Row = readonly [number, number, number | null, number | null, number, 0 | 1, ...(readonly number[])];

/** Inputs and result of one decision: plain JSON, logged as `decision` at level debug. */
export interface DecisionRecord {
  readonly version: 1;
  readonly input: Omit<ScaleInput, 'history'>;
  readonly history: readonly Row[];
  readonly output: Omit<Decision, 'history'>;
}

/** Makes the record to log for a decision, from which the decision can be replayed. */
export function recordOf(input: ScaleInput, decision: Decision): DecisionRecord {
  const { history, samples, ...rest } = input;
  const { history: _, ...output } = decision;
  const row = ({ at, current, wanted, connections, lost, fell, share }: Observation): Row => [
    at,
    current,
    wanted ?? null,
    connections ?? null,
    lost,
    fell ? 1 : 0,
    ...(share ? [share.cpu, share.deliveries, share.eventLoopLag] : []),
  ];
  return { version: 1, input: { ...rest, samples: samples?.map(trimmed) }, history: history.map(row), output };
}

function trimmed({ pod, ready, leaving, served, load }: GatewaySample): GatewaySample {
  if (!load) return { pod, ready, leaving, served, load };
  const { connections, deliveriesPerSecond, eventLoopLagMs, cpu, featuresLeftOut = 0 } = load;
  const numbers = { connections, deliveriesPerSecond, eventLoopLagMs, cpu };
  return { pod, ready, leaving, served, load: featuresLeftOut > 0 ? { ...numbers, featuresLeftOut } : numbers };
}

/**
 * Reads a line of a recording: a record itself, or a line of the operator's log that carries one as `decision`.
 * @returns undefined for any other line of a log
 * @throws {Error} for a record of another version
 */
export function parseRecord(line: string): DecisionRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const carried = (value as { decision?: unknown } | null)?.decision ?? value;
  if (typeof carried !== 'object' || carried === null || !('version' in carried && 'output' in carried))
    return undefined;
  if (carried.version !== 1) throw new Error(`a record of version ${String(carried.version)}; this reads version 1`);
  return carried as DecisionRecord;
}

/** Input of a recorded decision. */
export function inputOf({ input, history }: DecisionRecord): ScaleInput {
  const observation = ([at, current, wanted, connections, lost, fell, cpu, deliveries, lag]: Row): Observation => ({
    at,
    current,
    wanted: wanted ?? undefined,
    connections: connections ?? undefined,
    share: cpu === undefined ? undefined : { cpu, deliveries: deliveries ?? 0, eventLoopLag: lag ?? 0 },
    lost,
    fell: fell === 1,
  });
  // JSON leaves out undefined fields.
  const samples = input.samples?.map(sample => ({ ...sample, load: sample.load }));
  return { ...input, samples, history: history.map(observation) };
}
