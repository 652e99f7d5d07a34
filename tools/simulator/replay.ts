import { decide } from '../../operator/autoscale/decide.ts';
import { inputOf, parseRecord, recordOf } from '../../operator/autoscale/record.ts';

export interface Replayed {
  readonly decisions: number;
  /** Steps among them. */
  readonly steps: number;
  /** Line numbers, what was decided then and what is decided now. */
  readonly different: readonly { readonly line: number; readonly then: string; readonly now: string }[];
}

/** Makes every recorded decision of a log again. Lines that are none are passed over. */
export function replay(lines: readonly string[]): Replayed {
  const different: { line: number; then: string; now: string }[] = [];
  let decisions = 0;
  let steps = 0;
  for (const [at, text] of lines.entries()) {
    const record = parseRecord(text);
    if (!record) continue;
    decisions++;
    const input = inputOf(record);
    if (record.output.replicas !== input.current) steps++;
    const again = recordOf(input, decide(input));
    const then = JSON.stringify(record.output);
    const now = JSON.stringify(again.output);
    if (then !== now) different.push({ line: at + 1, then, now });
  }
  return { decisions, steps, different };
}
